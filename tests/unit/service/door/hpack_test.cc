#include "service/door/hpack.h"

#include <gtest/gtest.h>

namespace cistern {
namespace {

std::string Octets(std::initializer_list<int> octets) {
  std::string out;
  for (const int octet : octets) out += static_cast<char>(octet);
  return out;
}

// The examples of RFC 7541, appendix C.2 to C.4, and what else there is of each kind.
TEST(IsWholeFieldBlock, KnowsEachKindOfField) {
  for (const std::string& block :
       {Octets({}), Octets({0x82}), Octets({0x82, 0x86, 0x84}),
        std::string("\x40\x0a"
                    "custom-key\x0d"
                    "custom-header"),
        Octets({0x04, 0x0c}) + "/sample/path", std::string("\x10\x08password\x06secret"),
        Octets({0x41, 0x0f}) + "www.example.com", Octets({0x58, 0x86, 0xa8, 0xeb, 0x10, 0x64, 0x9c, 0xbf}),
        Octets({0x3f, 0xe1, 0x1f}), Octets({0xff, 0x80, 0x01}), Octets({0x0f, 0x2f, 0x00}),
        Octets({0x00, 0x00, 0x00})}) {
    EXPECT_TRUE(IsWholeFieldBlock(block)) << testing::PrintToString(block);
    if (!block.empty() && block.size() > 1 && static_cast<unsigned char>(block[0]) < 0x80) {
      EXPECT_FALSE(IsWholeFieldBlock(block.substr(0, block.size() - 1))) << testing::PrintToString(block);
    }
  }
}

TEST(IsWholeFieldBlock, RefusesWhatWouldGoOn) {
  for (const std::string& block :
       {Octets({0x10}), Octets({0x10, 0x01}), Octets({0x10, 0x01, 'n'}), Octets({0x10, 0x01, 'n', 0x01}),
        Octets({0x10, 0x01, 'n', 0x7f}), Octets({0x10, 0x01, 'n', 0x7f, 0x80}), Octets({0xff}),
        Octets({0xff, 0x80}), Octets({0x3f, 0xff}),
        Octets({0x82, 0x00, 0x7f, 0xff, 0xff, 0xff, 0xff, 0x0f})}) {
    EXPECT_FALSE(IsWholeFieldBlock(block)) << testing::PrintToString(block);
  }
}

TEST(HpackField, IsALiteralThatNoIndexRemembers) {
  const std::string field = HpackField("x-a", "17");
  EXPECT_EQ(field, Octets({0x10, 0x03}) + "x-a" + Octets({0x02}) + "17");
  EXPECT_TRUE(IsWholeFieldBlock(field));
}

}  // namespace
}  // namespace cistern
