#include "storage/filter/time_text.h"

#include <gtest/gtest.h>

namespace cistern::filter {
namespace {

constexpr std::int64_t kSecond = 1'000'000'000;
constexpr std::int64_t kTen = 1'795'082'400 * kSecond;  // 2026-11-19T10:00:00Z

struct TimeCase {
  const char* name;
  std::string_view text;
  std::int64_t start;
  std::int64_t length;  // 0: not a time
};

class TimeTextTest : public testing::TestWithParam<TimeCase> {};

TEST_P(TimeTextTest, Parses) {
  const auto span = ParseTime(GetParam().text);
  ASSERT_EQ(span.has_value(), GetParam().length != 0);
  if (!span) return;
  EXPECT_EQ(span->start, GetParam().start);
  EXPECT_EQ(span->end - span->start, GetParam().length);
}

constexpr TimeCase kCases[] = {
    {"Utc", "2026-11-19T10:00:00Z", kTen, kSecond},
    {"LowerCase", "2026-11-19t10:00:00z", kTen, kSecond},
    {"NoZone", "2026-11-19T10:00:00", kTen, kSecond},
    {"Blank", "2026-11-19 10:00:00", kTen, kSecond},
    {"East", "2026-11-19T11:30:00+01:30", kTen, kSecond},
    {"West", "2026-11-19T02:00:00-08:00", kTen, kSecond},
    {"Fraction", "2026-11-19T10:00:00.5Z", kTen + kSecond / 2, 1},
    {"Nanoseconds", "2026-11-19T10:00:00.000000001Z", kTen + 1, 1},
    {"Minute", "2026-11-19T10:00", kTen, 60 * kSecond},
    {"Day", "2026-11-19", kTen - 36'000 * kSecond, 86'400 * kSecond},
    {"LeapDay", "2024-02-29", 1'709'164'800 * kSecond, 86'400 * kSecond},
    {"LeapSecond", "2016-12-31T23:59:60Z", 1'483'228'800 * kSecond, kSecond},
    {"BeforeTheEpoch", "1969-12-31T23:59:59Z", -kSecond, kSecond},
    {"FirstYear", "1678-01-01", -9'214'560'000 * kSecond, 86'400 * kSecond},
    {"NoLeapDay", "2026-02-29", 0, 0},
    {"YearTooSmall", "1677-12-31", 0, 0},
    {"YearTooLarge", "2262-01-01", 0, 0},
    {"Month13", "2026-13-01", 0, 0},
    {"Hour24", "2026-11-19T24:00:00Z", 0, 0},
    {"TenFractionDigits", "2026-11-19T10:00:00.0000000001Z", 0, 0},
    {"NoFractionDigits", "2026-11-19T10:00:00.Z", 0, 0},
    {"TrailingText", "2026-11-19T10:00:00Zx", 0, 0},
    {"HourOnly", "2026-11-19T10", 0, 0},
    {"ZoneWithoutColon", "2026-11-19T10:00:00+0100", 0, 0},
    {"Empty", "", 0, 0},
};

INSTANTIATE_TEST_SUITE_P(All, TimeTextTest, testing::ValuesIn(kCases),
                         [](const auto& info) { return std::string(info.param.name); });

}  // namespace
}  // namespace cistern::filter
