#include "ctl/printer/text.h"

#include <gtest/gtest.h>

namespace cistern::ctl {
namespace {

TEST(FormatBytesTest, UsesTheLargestFittingUnit) {
  EXPECT_EQ(FormatBytes(0), "0 B");
  EXPECT_EQ(FormatBytes(1023), "1023 B");
  EXPECT_EQ(FormatBytes(1024), "1 KiB");
  EXPECT_EQ(FormatBytes(1536), "1.5 KiB");
  EXPECT_EQ(FormatBytes(1024 * 1024 - 1), "1 MiB");
  EXPECT_EQ(FormatBytes(UINT64_MAX), "16 EiB");
}

TEST(FormatCountTest, GroupsThousands) {
  EXPECT_EQ(FormatCount(0), "0");
  EXPECT_EQ(FormatCount(999), "999");
  EXPECT_EQ(FormatCount(1000), "1 000");
  EXPECT_EQ(FormatCount(1234567), "1 234 567");
}

TEST(PaintTest, AddsNothingWithoutColour) {
  EXPECT_EQ(Painted("a", Paint::kRed, false), "a");
  EXPECT_EQ(Painted("a", Paint::kRed, true), "\x1b[31ma\x1b[0m");
}

}  // namespace
}  // namespace cistern::ctl
