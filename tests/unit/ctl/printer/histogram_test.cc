#include "ctl/printer/histogram.h"

#include <gtest/gtest.h>

namespace cistern::ctl {
namespace {

constexpr std::int64_t kSecond = 1'000'000'000;
constexpr std::int64_t kStart = 1'795'168'800 * kSecond;  // 2026-11-20T10:00:00Z

TEST(FillBucketsTest, EmptyBucketsBetweenAppear) {
  const auto filled = FillBuckets({{0, 5}, {30, 7}}, 10);
  ASSERT_EQ(filled.size(), 4u);
  EXPECT_EQ(filled[1].start_ns, 10);
  EXPECT_EQ(filled[1].count, 0u);
  EXPECT_EQ(filled[3].count, 7u);
}

TEST(FillBucketsTest, HugeGapsAreNotFilled) {
  EXPECT_EQ(FillBuckets({{0, 5}, {1'000'000, 7}}, 1).size(), 2u);
  EXPECT_TRUE(FillBuckets({}, 1).empty());
}

TEST(ChooseBucketTest, KeepsTheNumberOfLinesSmall) {
  EXPECT_EQ(ChooseBucket(0), kSecond);
  EXPECT_EQ(ChooseBucket(3600 * kSecond), 120 * kSecond);
  EXPECT_EQ(ChooseBucket(86'400 * kSecond), 3600 * kSecond);
  for (std::int64_t range = kSecond; range < 6'000'000'000 * kSecond; range += range / 3) {
    EXPECT_LE(range / ChooseBucket(range), 41) << range;
  }
}

TEST(HistogramTest, BarsFillTheTerminalAndShowSmallCounts) {
  std::string out;
  AppendHistogram(
      {{kStart, 100}, {kStart + 60 * kSecond, 50}, {kStart + 120 * kSecond, 0}, {kStart + 180 * kSecond, 1}},
      60 * kSecond, absl::FixedTimeZone(3600), 33, false, out);
  EXPECT_EQ(out,
            "2026-11-20 11:00  100  \u2588\u2588\u2588\u2588\u2588\u2588\u2588\u2588\u2588\u2588\n"
            "2026-11-20 11:01   50  \u2588\u2588\u2588\u2588\u2588\n"
            "2026-11-20 11:02    0\n"
            "2026-11-20 11:03    1  \u258f\n");
}

TEST(HistogramTest, ShortBucketsShowSeconds) {
  std::string out;
  AppendHistogram({{kStart, 1}}, 100'000'000, absl::UTCTimeZone(), 0, false, out);
  EXPECT_EQ(out.substr(0, 24), "2026-11-20 10:00:00.000 ");
}

}  // namespace
}  // namespace cistern::ctl
