#include "service/door/status_reader.h"

#include <gtest/gtest.h>

#include <string>

namespace cistern {
namespace {

using namespace std::string_literals;

// Literal fields (RFC 7541, sections 6.2.1 and 6.2.2).
const std::string kKept =
                      "\x40\x0bgrpc-status\x02"
                      "14"s,
                  kNotKept =
                      "\x00\x0bgrpc-status\x01"
                      "8"s;

TEST(StatusReaderTest, FindsTheStatusAmongOtherFields) {
  StatusReader reader;
  reader.Take("\x88"s + kNotKept + "\x00\x01n\x01v"s, true);
  EXPECT_EQ(reader.status(), 8u);
}

TEST(StatusReaderTest, BlocksRememberWhatWasInThoseBefore) {
  StatusReader reader;
  reader.Take(kKept, true);
  EXPECT_EQ(reader.status(), 14u);
  reader.Take("\x88", true);
  EXPECT_FALSE(reader.status()) << "none in this one";
  reader.Take("\xbe", true);  // the newest entry of the table
  EXPECT_EQ(reader.status(), 14u);
}

TEST(StatusReaderTest, TakesPiecesOfAnySize) {
  StatusReader reader;
  const std::string block = "\x88" + kKept + kNotKept;
  for (std::size_t i = 0; i < block.size(); ++i) reader.Take({&block[i], 1}, false);
  reader.Take("", true);
  EXPECT_EQ(reader.status(), 8u);
}

TEST(StatusReaderTest, ReadsHuffmanCodes) {
  StatusReader reader;
  reader.Take("\x10\x88\x9a\xca\xc8\xb2\x12\x34\xda\x8f\x02\x31\x32"s, true);  // RFC 7541, appendix B
  EXPECT_EQ(reader.status(), 12u);
}

TEST(StatusReaderTest, WhatIsNoNumberIsNoStatus) {
  StatusReader reader;
  for (const std::string value : {"x", "8x", "", "-1", "99999999999"}) {
    reader.Take("\x00\x0bgrpc-status"s + static_cast<char>(value.size()) + value, true);
    EXPECT_FALSE(reader.status()) << value;
  }
}

TEST(StatusReaderTest, AfterWhatCannotBeDecodedNothingIsSaid) {
  StatusReader reader;
  reader.Take("\xff\xff\xff\xff\xff\xff\xff", true);
  EXPECT_FALSE(reader.status());
  reader.Take(kNotKept, true);
  EXPECT_FALSE(reader.status()) << "the tables are not the same any more";
}

}  // namespace
}  // namespace cistern
