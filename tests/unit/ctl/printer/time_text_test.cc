#include "ctl/printer/time_text.h"

#include <google/protobuf/duration.pb.h>
#include <google/protobuf/timestamp.pb.h>
#include <gtest/gtest.h>

namespace cistern::ctl {
namespace {

google::protobuf::Timestamp Timestamp(std::int64_t seconds, std::int32_t nanos) {
  google::protobuf::Timestamp time;
  time.set_seconds(seconds);
  time.set_nanos(nanos);
  return time;
}

TEST(Rfc3339Test, AlwaysHasNineDigits) {
  std::string out;
  AppendRfc3339(Timestamp(1'795'168'800, 1), out);
  EXPECT_EQ(out, "2026-11-20T10:00:00.000000001Z");
}

TEST(Rfc3339Test, CoversTheYearsOfTheProtocol) {
  std::string out;
  AppendRfc3339(Timestamp(-62'135'596'800, 0), out);
  AppendRfc3339(Timestamp(253'402'300'799, 999'999'999), out);
  EXPECT_EQ(out, "0001-01-01T00:00:00.000000000Z9999-12-31T23:59:59.999999999Z");
}

TEST(NanosecondsTest, TimesBeforeTheEpochKeepPositiveNanos) {
  google::protobuf::Timestamp time;
  SetNs(-1, time);
  EXPECT_EQ(time.seconds(), -1);
  EXPECT_EQ(time.nanos(), 999'999'999);
  EXPECT_EQ(ToNs(time), -1);
}

TEST(NanosecondsTest, DurationsKeepOneSign) {
  google::protobuf::Duration duration;
  SetNs(-1'500'000'000, duration);
  EXPECT_EQ(duration.seconds(), -1);
  EXPECT_EQ(duration.nanos(), -500'000'000);
  EXPECT_EQ(ToNs(duration), -1'500'000'000);
}

struct SpanCase {
  std::int64_t ns;
  const char* text;
};

TEST(FormatSpanTest, ShowsTwoUnitsAtMost) {
  for (const SpanCase& c : {SpanCase{0, "0s"},
                            {5, "5ns"},
                            {250'000'000, "250ms"},
                            {1'500'000'000, "1s"},
                            {90'000'000'000, "1m 30s"},
                            {3'600'000'000'000, "1h"},
                            {90'061'000'000'000, "1d 1h"},
                            {-90'000'000'000, "-1m 30s"},
                            {INT64_MIN, "-106751d 23h"}}) {
    EXPECT_EQ(FormatSpan(c.ns), c.text);
  }
}

TEST(LocalClockTest, FollowsTheSecond) {
  LocalClock clock(absl::FixedTimeZone(-3600));
  std::string out;
  clock.AppendMillis(Timestamp(1'795'168'800, 1'999'999), out);
  out += '|';
  clock.AppendMillis(Timestamp(1'795'168'801, 999'999'999), out);
  EXPECT_EQ(out, "2026-11-20 09:00:00.001|2026-11-20 09:00:01.999");
}

}  // namespace
}  // namespace cistern::ctl
