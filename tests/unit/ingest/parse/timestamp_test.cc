#include "ingest/parse/timestamp.h"

#include "tests/unit/ingest/parse/parse_case.h"

namespace cistern {
namespace {

// Nanoseconds of an RFC 3339 time.
std::int64_t At(std::string_view text) {
  Record record;
  ParseMessage("<13>1 " + std::string(text) + " - - - - -", {.received = 0}, record);
  EXPECT_NE(record.time, kNoTime) << text;
  return record.time;
}

Record ParseAt(std::string_view received, std::string_view input, const Zone* zone = nullptr) {
  return ParseChecked(input, {.received = At(received), .zone = zone});
}

// Two hours east of UTC from July to October, else one; 754 seconds more when `odd`.
class SummerZone : public Zone {
 public:
  explicit SummerZone(bool odd = false) : odd_(odd) {}
  const std::string& name() const override { return name_; }
  std::int32_t OffsetSeconds(std::int64_t local_seconds) const override {
    const std::int64_t day_of_year = local_seconds / 86400 % 365;
    return (day_of_year > 180 && day_of_year < 300 ? 7200 : 3600) + (odd_ ? 754 : 0);
  }

 private:
  std::string name_ = "Summer";
  bool odd_;
};

struct YearCase {
  const char* received;
  const char* written;
  const char* expected;
};

TEST(Year, IsTheOneNearestToReceipt) {
  constexpr YearCase kCases[] = {
      {"2026-11-20T12:00:00Z", "Nov 20 11:59:59", "2026-11-20T11:59:59Z"},
      {"2026-11-20T12:00:00Z", "Nov 20 12:00:05", "2026-11-20T12:00:05Z"},
      {"2026-11-20T12:00:00Z", "Dec 31 23:59:59", "2026-12-31T23:59:59Z"},
      {"2026-11-20T12:00:00Z", "Jan  1 00:00:00", "2027-01-01T00:00:00Z"},
      {"2026-12-31T23:59:58Z", "Jan  1 00:00:03", "2027-01-01T00:00:03Z"},
      {"2026-12-31T23:59:58Z", "Dec 31 23:59:59", "2026-12-31T23:59:59Z"},
      {"2027-01-01T00:00:01Z", "Dec 31 23:59:59", "2026-12-31T23:59:59Z"},
      {"2027-01-01T00:00:01Z", "Jan  1 00:00:06", "2027-01-01T00:00:06Z"},
      {"2027-01-02T00:00:00Z", "Aug  1 00:00:00", "2026-08-01T00:00:00Z"},
      {"2028-02-29T12:00:00Z", "Feb 29 11:00:00", "2028-02-29T11:00:00Z"},
      {"2028-03-01T00:00:01Z", "Feb 29 23:59:59", "2028-02-29T23:59:59Z"},
      {"2028-02-28T23:59:59Z", "Feb 29 00:00:04", "2028-02-29T00:00:04Z"},
      {"2027-03-01T00:00:00Z", "Feb 29 12:00:00", "2028-02-29T12:00:00Z"},
      {"2025-03-01T00:00:00Z", "Feb 29 12:00:00", "2024-02-29T12:00:00Z"},
      {"2027-02-28T12:00:00Z", "Feb 28 12:00:00", "2027-02-28T12:00:00Z"},
      {"2099-06-01T00:00:00Z", "Feb 29 12:00:00", "2096-02-29T12:00:00Z"},
      {"2101-06-01T00:00:00Z", "Feb 29 12:00:00", "2104-02-29T12:00:00Z"},
  };
  for (const YearCase& c : kCases) {
    const Record record = ParseAt(c.received, "<13>" + std::string(c.written) + " h a: m");
    EXPECT_EQ(record.time, At(c.expected)) << c.received << " " << c.written;
    EXPECT_TRUE(record.flags & kFlagYearInferred);
    EXPECT_NE(record.shape.code, kShapeRaw) << c.written;
  }
}

TEST(Year, WrittenOneIsNotInferred) {
  for (const char* written :
       {"Nov 20 2025 12:00:00", "Nov 20 12:00:00 2025", "2025 Nov 20 12:00:00", "2025-11-20T12:00:00"}) {
    const Record record = ParseAt("2026-11-20T12:00:00Z", "<13>" + std::string(written) + " h a: m");
    EXPECT_EQ(record.time, At("2025-11-20T12:00:00Z")) << written;
    EXPECT_EQ(record.flags & (kFlagYearInferred | kFlagZoneInferred), std::uint32_t{kFlagZoneInferred})
        << written;
  }
}

TEST(ZoneOfTime, ComesFromTheContextWhenNoneIsWritten) {
  const SummerZone zone;
  const Record summer = ParseAt("2026-08-01T12:00:00Z", "<13>Aug  1 14:00:00 h a: m", &zone);
  EXPECT_EQ(summer.time, At("2026-08-01T12:00:00Z"));
  EXPECT_EQ(summer.shape.utc_offset_minutes, 120);
  EXPECT_EQ(summer.flags, kFlagYearInferred | kFlagZoneInferred);
  const Record winter = ParseAt("2026-12-01T12:00:00Z", "<13>1 2026-12-01T13:00:00 h a - - - m", &zone);
  EXPECT_EQ(winter.time, At("2026-12-01T12:00:00Z"));
  EXPECT_EQ(winter.flags, kFlagLenient | kFlagZoneInferred);
}

TEST(ZoneOfTime, WrittenOneWins) {
  const SummerZone zone;
  const Record record = ParseAt("2026-08-01T12:00:00Z", "<13>2026-08-01T12:00:00.5+00:20 h a: m", &zone);
  EXPECT_EQ(record.time, At("2026-08-01T11:40:00.5Z"));
  EXPECT_FALSE(record.flags & kFlagZoneInferred);
  EXPECT_TRUE(record.flags & kFlagClockSkew);
}

TEST(ZoneOfTime, OffsetInOddSecondsKeepsRaw) {
  const SummerZone zone(true);
  const Record record = ParseAt("2026-08-01T12:00:00Z", "<13>Aug  1 14:12:34 h a: m", &zone);
  EXPECT_EQ(record.time, At("2026-08-01T12:00:00Z"));
  EXPECT_EQ(record.shape.code, kShapeRaw);
}

TEST(ClockSkew, IsMoreThanFiveMinutesEitherWay) {
  const auto skewed = [](std::string_view written) {
    const Record record = ParseAt("2026-11-20T12:00:00Z", "<13>1 " + std::string(written) + " - - - - -");
    return (record.flags & kFlagClockSkew) != 0;
  };
  EXPECT_FALSE(skewed("2026-11-20T12:00:00Z"));
  EXPECT_FALSE(skewed("2026-11-20T12:05:00Z"));
  EXPECT_FALSE(skewed("2026-11-20T11:55:00Z"));
  EXPECT_TRUE(skewed("2026-11-20T12:05:00.000001Z"));
  EXPECT_TRUE(skewed("2026-11-20T11:54:59.999999Z"));
  EXPECT_FALSE(skewed("-"));
}

struct TimeCase {
  const char* text;
  std::int64_t nanoseconds;
};

// RFC 5424 section 6.2.3.1 and the edges of each field.
TEST(Rfc5424Time, ValidTimes) {
  constexpr TimeCase kCases[] = {
      {"1970-01-01T00:00:00Z", 0},
      {"1985-04-12T23:20:50.52Z", 482196050520000000},
      {"1985-04-12T19:20:50.52-04:00", 482196050520000000},
      {"2003-10-11T22:14:15.003Z", 1065910455003000000},
      {"2003-08-24T05:14:15.000003-07:00", 1061727255000003000},
      {"2000-02-29T23:59:59.9+00:00", 951868799900000000},
      {"1969-12-31T23:59:59.5Z", -500000000},
      {"2018-12-31T23:59:59.999999-23:59", 1546387139999999000},
      {"1970-01-01T23:59:00+23:59", 0},
      {"1678-01-01T00:00:00Z", -9214560000 * kSecond},
      {"2261-12-31T23:59:59Z", 9214646399 * kSecond},
  };
  for (const TimeCase& c : kCases) {
    const Record record = ParseChecked("<13>1 " + std::string(c.text) + " h a - - - m");
    EXPECT_EQ(record.time, c.nanoseconds) << c.text;
    EXPECT_FALSE(record.flags & (kFlagLenient | kFlagZoneInferred)) << c.text;
    EXPECT_NE(record.shape.code, kShapeRaw) << c.text;
  }
}

TEST(Rfc5424Time, InvalidTimesAreNeverGuessed) {
  for (const char* text : {"2003-10-11t22:14:15Z",
                           "2003-10-11T22:14:15z",
                           "2003-10-11 22:14:15Z",
                           "2003-00-11T22:14:15Z",
                           "2003-13-11T22:14:15Z",
                           "2003-10-00T22:14:15Z",
                           "2003-10-32T22:14:15Z",
                           "2003-02-29T22:14:15Z",
                           "1900-02-29T22:14:15Z",
                           "2003-04-31T22:14:15Z",
                           "2003-10-11T24:00:00Z",
                           "2003-10-11T22:60:15Z",
                           "2003-10-11T22:14:60Z",
                           "2003-10-11T22:14:15.Z",
                           "2003-10-11T22:14:15,5Z",
                           "2003-10-11T22:14Z",
                           "2003-10-11T22:14:5Z",
                           "203-10-11T22:14:15Z",
                           "12003-10-11T22:14:15Z",
                           "2003-1-11T22:14:15Z",
                           "2003-10-11T22:14:15+24:00",
                           "2003-10-11T22:14:15+00:60",
                           "2003-10-11T22:14:15+0000",
                           "2003-10-11T22:14:15+00",
                           "2003-10-11T22:14:15+00:0",
                           "2003-10-11T22:14:15Z+00:00",
                           "2003-10-11T22:14:15A",
                           "2003/10/11T22:14:15Z",
                           "20031011T221415Z",
                           "--",
                           "+",
                           "1563249630.774",
                           "2003-10-11",
                           "2003-10-11T22:14:1:Z",
                           "2003-10-11T22:14:15.5.5Z"}) {
    const Record record = ParseChecked("<13>1 " + std::string(text) + " h a - - - m");
    EXPECT_EQ(record.format, Format::kRaw) << text;
    EXPECT_EQ(record.time, kNoTime) << text;
    EXPECT_EQ(record.flags, kFlagMalformed | kFlagBadTimestamp) << text;
  }
}

// Go's zero time, and what 64 bits of nanoseconds cannot hold.
TEST(Rfc5424Time, TimesThatCannotBeHeldAreMarked) {
  for (const char* text :
       {"0001-01-01T00:00:00Z", "1677-12-31T23:59:59Z", "2262-01-01T00:00:00Z", "9999-12-31T23:59:59Z"}) {
    const std::string input = "<13>1 " + std::string(text) + " h a - - - m";
    const Record record = ParseChecked(input);
    EXPECT_EQ(ToLogfmt(record), "rfc5424 user.notice host=h app=a flags=bad_timestamp msg=m") << text;
    EXPECT_EQ(record.shape.code, kShapeRaw);
  }
}

TEST(BsdTime, EveryMonthAndEveryDayReadsBack) {
  constexpr const char* kMonths[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                     "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  int days = 0;
  for (const char* month : kMonths) {
    for (int day = 1; day <= 31; ++day) {
      char text[64];
      std::snprintf(text, sizeof text, "<13>%s %2d 2024 01:02:03 h a: m", month, day);
      const Record record = ParseChecked(text);
      if (record.time == kNoTime) continue;
      EXPECT_EQ(record.time, (19723 + days) * 86400 * kSecond + 3723 * kSecond) << text;
      EXPECT_NE(record.shape.code, kShapeRaw);
      ++days;
    }
  }
  EXPECT_EQ(days, 366);
}

}  // namespace
}  // namespace cistern
