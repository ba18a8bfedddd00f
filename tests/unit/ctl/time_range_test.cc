#include "ctl/time_range.h"

#include <gtest/gtest.h>

namespace cistern::ctl {
namespace {

absl::TimeZone Zone() { return absl::FixedTimeZone(3600); }
// 2026-11-20 12:30:15 in a zone one hour east.
absl::Time Now() { return absl::FromCivil(absl::CivilSecond(2026, 11, 20, 11, 30, 15), absl::UTCTimeZone()); }

std::string InUtc(std::int64_t ns) {
  return absl::FormatTime("%Y-%m-%dT%H:%M:%E*SZ", absl::FromUnixNanos(ns), absl::UTCTimeZone());
}

struct InstantCase {
  const char* name;
  const char* text;
  const char* utc;  // empty: refused
};

constexpr InstantCase kInstants[] = {
    {"Now", "now", "2026-11-20T11:30:15Z"},
    {"Today", "today", "2026-11-19T23:00:00Z"},
    {"Yesterday", "yesterday", "2026-11-18T23:00:00Z"},
    {"HourAgo", "1h", "2026-11-20T10:30:15Z"},
    {"HourAgoInWords", "1h30m ago", "2026-11-20T10:00:15Z"},
    {"WeekAgo", "1w", "2026-11-13T11:30:15Z"},
    {"Milliseconds", "500ms", "2026-11-20T11:30:14.5Z"},
    {"Rfc3339", "2026-11-20T10:00:00Z", "2026-11-20T10:00:00Z"},
    {"Rfc3339SmallLetters", "2026-11-20t10:00:00z", "2026-11-20T10:00:00Z"},
    {"Rfc3339Nanoseconds", "2026-11-20T10:00:00.123456789Z", "2026-11-20T10:00:00.123456789Z"},
    {"Rfc3339Offset", "2026-11-20T10:00:00+02:00", "2026-11-20T08:00:00Z"},
    {"SpaceInsteadOfT", "2026-11-20 10:00:00Z", "2026-11-20T10:00:00Z"},
    {"MinutesAndZone", "2026-11-20T10:00Z", "2026-11-20T10:00:00Z"},
    {"LocalSeconds", "2026-11-20 10:00:00", "2026-11-20T09:00:00Z"},
    {"LocalMinutes", "2026-11-20T10:00", "2026-11-20T09:00:00Z"},
    {"Date", "2026-11-20", "2026-11-19T23:00:00Z"},
    {"ClockMinutes", "10:15", "2026-11-20T09:15:00Z"},
    {"ClockSeconds", "10:15:30.25", "2026-11-20T09:15:30.25Z"},
    {"UnixSeconds", "1763632800", "2025-11-20T10:00:00Z"},
    {"UnixSecondsWithAt", "@1763632800", "2025-11-20T10:00:00Z"},
    {"UnixFraction", "1763632800.5", "2025-11-20T10:00:00.5Z"},
    {"UnixMilliseconds", "1763632800123", "2025-11-20T10:00:00.123Z"},
    {"UnixMicroseconds", "1763632800123456", "2025-11-20T10:00:00.123456Z"},
    {"UnixNanoseconds", "1763632800123456789", "2025-11-20T10:00:00.123456789Z"},
    {"SurroundedBySpace", "  now ", "2026-11-20T11:30:15Z"},
    {"SmallNumber", "5", ""},
    {"Word", "soon", ""},
    {"Empty", "", ""},
    {"MonthThirteen", "2026-13-01", ""},
    {"NoSuchDay", "2026-02-30", ""},
    {"TextBehind", "2026-11-20T10:00:00Zx", ""},
    {"YearOutOfRange", "9999-01-01", ""},
    {"TooManyDigits", "12345678901234567890", ""},
    {"SpanBeyondTheEpochOfNanoseconds", "999999w", ""},
};

class InstantTest : public testing::TestWithParam<InstantCase> {};
TEST_P(InstantTest, IsUnderstoodOrRefused) {
  const auto at = ParseInstant(GetParam().text, Now(), Zone());
  EXPECT_EQ(at ? InUtc(*at) : "", GetParam().utc);
}
INSTANTIATE_TEST_SUITE_P(Texts, InstantTest, testing::ValuesIn(kInstants),
                         [](const auto& info) { return info.param.name; });

struct SpanCase {
  const char* name;
  const char* text;
  std::int64_t ns;  // -1: refused
};

constexpr SpanCase kSpans[] = {
    {"Seconds", "90s", 90'000'000'000},
    {"PlainNumberIsSeconds", "30", 30'000'000'000},
    {"Several", "1h30m", 5'400'000'000'000},
    {"Decimal", "1.5h", 5'400'000'000'000},
    {"Days", "7d", 604'800'000'000'000},
    {"Nanoseconds", "3ns", 3},
    {"Zero", "0", 0},
    {"Empty", "", -1},
    {"Negative", "-5s", -1},
    {"UnknownUnit", "5y", -1},
    {"UnitAlone", "s", -1},
    {"NumberBehindUnit", "1h30", -1},
    {"NotANumber", "nan", -1},
    {"TooLong", "99999999999d", -1},
};

class SpanTest : public testing::TestWithParam<SpanCase> {};
TEST_P(SpanTest, IsUnderstoodOrRefused) {
  const auto span = ParseSpan(GetParam().text);
  EXPECT_EQ(span ? *span : -1, GetParam().ns);
}
INSTANTIATE_TEST_SUITE_P(Texts, SpanTest, testing::ValuesIn(kSpans),
                         [](const auto& info) { return info.param.name; });

TEST(TimeRangeTest, AbsentOptionsLeaveTheRangeOpen) {
  const auto range = ParseTimeRange("", "", "", Now(), Zone());
  ASSERT_TRUE(range);
  EXPECT_FALSE(range->from || range->to);
}

TEST(TimeRangeTest, SinceAndFromAreTheLowerBound) {
  EXPECT_EQ(InUtc(*ParseTimeRange("1h", "", "", Now(), Zone())->from), "2026-11-20T10:30:15Z");
  EXPECT_EQ(InUtc(*ParseTimeRange("", "today", "now", Now(), Zone())->from), "2026-11-19T23:00:00Z");
}

TEST(TimeRangeTest, MistakesNameTheOption) {
  EXPECT_EQ(ParseTimeRange("", "", "soon", Now(), Zone()).error().message.substr(0, 5), "--to:");
  EXPECT_FALSE(ParseTimeRange("1h", "2h", "", Now(), Zone()));
}

TEST(TimeRangeTest, EndBeforeStartIsRefused) {
  EXPECT_FALSE(ParseTimeRange("", "1h", "2h", Now(), Zone()));
  EXPECT_FALSE(ParseTimeRange("", "1h", "1h", Now(), Zone()));
}

TEST(TimeRangeTest, LocalTimeThatTheClockSkippedIsTheTimeAfterTheJump) {
  absl::TimeZone berlin;
  ASSERT_TRUE(absl::LoadTimeZone("Europe/Berlin", &berlin)) << "no time zone data (tzdata)";
  EXPECT_EQ(InUtc(*ParseInstant("2026-03-29 02:30", Now(), berlin)), "2026-03-29T01:30:00Z");
}

}  // namespace
}  // namespace cistern::ctl
