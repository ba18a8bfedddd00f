#include "storage/care/tar.h"

#include <gtest/gtest.h>

namespace cistern {
namespace {

std::string Block(const TarMember& member) {
  const auto header = TarHeader(member);
  return {header.data(), header.size()};
}

TEST(Tar, HeaderReadsBack) {
  for (const std::uint64_t bytes : {std::uint64_t{0}, std::uint64_t{511}, (std::uint64_t{1} << 33) - 1,
                                    std::uint64_t{1} << 33, std::uint64_t{1} << 50}) {
    const auto member = ParseTarHeader(Block({"logs/000001-2026-11-20.db", bytes, 1'795'176'000}));
    ASSERT_TRUE(member.has_value()) << bytes;
    EXPECT_EQ(member->name, "logs/000001-2026-11-20.db");
    EXPECT_EQ(member->bytes, bytes);
    EXPECT_EQ(member->modified, 1'795'176'000);
  }
}

TEST(Tar, HeaderIsWhatOtherProgramsExpect) {
  const std::string block = Block({"catalog.db", 513, 8});
  EXPECT_EQ(block.substr(100, 8), std::string("0000600\0", 8));
  EXPECT_EQ(block.substr(124, 12), std::string("00000001001\0", 12));
  EXPECT_EQ(block.substr(257, 8), std::string("ustar\00000", 8));
  EXPECT_EQ(block.substr(154, 2), std::string("\0 ", 2));
}

TEST(Tar, AnyFlippedBitOfAHeaderIsNoticed) {
  const std::string block = Block({"catalog.db", 513, 8});
  for (std::size_t i = 0; i < block.size() * 8; ++i) {
    if (i / 8 == 154 || i / 8 == 155) continue;  // what ends the checksum says nothing
    std::string flipped = block;
    flipped[i / 8] = static_cast<char>(flipped[i / 8] ^ (1 << i % 8));
    EXPECT_FALSE(ParseTarHeader(flipped).has_value()) << i;
  }
}

TEST(Tar, ZerosAreTheEnd) {
  const auto member = ParseTarHeader(std::string(kTarBlock, '\0'));
  ASSERT_TRUE(member.has_value());
  EXPECT_TRUE(member->name.empty());
  EXPECT_EQ(TarPadding(0), 0u);
  EXPECT_EQ(TarPadding(1), 511u);
  EXPECT_EQ(TarPadding(512), 0u);
}

}  // namespace
}  // namespace cistern
