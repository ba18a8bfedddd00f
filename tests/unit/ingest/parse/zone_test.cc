#include "ingest/parse/zone.h"

#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <thread>
#include <vector>

namespace cistern {
namespace {

std::int64_t Civil(int year, unsigned month, unsigned day, int hour, int minute = 0, int second = 0) {
  using namespace std::chrono;
  const auto days = sys_days(std::chrono::year(year) / month / day);
  return duration_cast<seconds>(days.time_since_epoch()).count() + hour * 3600 + minute * 60 + second;
}

struct OffsetCase {
  const char* name;
  const char* zone;
  std::int64_t local;
  std::int32_t offset;
};

const OffsetCase kOffsets[] = {
    {"Utc", "UTC", Civil(2026, 7, 1, 12), 0},
    {"East", "+02:00", Civil(2026, 1, 1, 0), 7200},
    {"WestWithMinutes", "-0330", 0, -12600},
    {"HoursOnly", "+09", 0, 32400},
    {"BerlinWinter", "Europe/Berlin", Civil(2026, 1, 15, 12), 3600},
    {"BerlinSummer", "Europe/Berlin", Civil(2026, 7, 15, 12), 7200},
    {"BerlinLastSecondOfWinter", "Europe/Berlin", Civil(2026, 3, 29, 1, 59, 59), 3600},
    {"BerlinSkippedHourTakesOffsetBefore", "Europe/Berlin", Civil(2026, 3, 29, 2, 30), 3600},
    {"BerlinFirstSecondOfSummer", "Europe/Berlin", Civil(2026, 3, 29, 3), 7200},
    {"BerlinRepeatedHourTakesEarlier", "Europe/Berlin", Civil(2026, 10, 25, 2, 30), 7200},
    {"BerlinAfterRepeatedHour", "Europe/Berlin", Civil(2026, 10, 25, 3), 3600},
    {"KathmanduQuarterHour", "Asia/Kathmandu", Civil(2026, 5, 5, 5), 20700},
    {"LordHoweHalfHourSummerTime", "Australia/Lord_Howe", Civil(2026, 1, 10, 0), 39600},
    {"NewYork", "America/New_York", Civil(2026, 11, 20, 9), -18000},
    {"BeforeTheEpoch", "Europe/Berlin", Civil(1969, 7, 20, 20), 3600},
    {"YearNineThousand", "UTC", Civil(9999, 12, 31, 23), 0},
};

class ZoneOffset : public ::testing::TestWithParam<OffsetCase> {};

TEST_P(ZoneOffset, IsThatOfTheWallClock) {
  const auto zone = LoadZone(GetParam().zone);
  ASSERT_TRUE(zone) << GetParam().zone;
  EXPECT_EQ((*zone)->name(), GetParam().zone);
  EXPECT_EQ((*zone)->OffsetSeconds(GetParam().local), GetParam().offset);
  EXPECT_EQ((*zone)->OffsetSeconds(GetParam().local), GetParam().offset) << "from the cache";
}

INSTANTIATE_TEST_SUITE_P(Table, ZoneOffset, ::testing::ValuesIn(kOffsets),
                         [](const auto& info) { return std::string(info.param.name); });

TEST(Zone, UnknownNamesAreRefused) {
  for (const char* name : {"", "Europe/Atlantis", "+25:00", "+1", "02:00", "+0260", "/etc/passwd",
                           "../zoneinfo/UTC", "+-1:00", "Europe/Berlin "}) {
    const auto zone = LoadZone(name);
    ASSERT_FALSE(zone) << name;
    EXPECT_EQ(zone.error(), boost::system::errc::no_such_file_or_directory);
  }
}

TEST(Zone, LocalIsAlwaysKnown) { EXPECT_TRUE(LoadZone("local")); }

// Across the days of both changes, against a fresh zone each time.
TEST(Zone, CachedOffsetsAgreeWithFreshOnes) {
  for (const char* name : {"Europe/Berlin", "Australia/Lord_Howe"}) {
    const auto cached = *LoadZone(name);
    for (std::int64_t t = Civil(2026, 3, 28, 0); t < Civil(2026, 4, 6, 0); t += 450) {
      const auto fresh = *LoadZone(name);
      ASSERT_EQ(cached->OffsetSeconds(t), fresh->OffsetSeconds(t)) << name << " " << t;
    }
  }
}

TEST(Zone, ThreadsShareOneZone) {
  const auto zone = *LoadZone("Europe/Berlin");
  std::vector<std::thread> threads;
  for (int n = 0; n < 4; ++n) {
    threads.emplace_back([&zone] {
      for (int i = 0; i < 2000; ++i) {
        ASSERT_EQ(zone->OffsetSeconds(Civil(2026, i % 2 == 0 ? 1 : 7, 1, i % 24)), i % 2 == 0 ? 3600 : 7200);
      }
    });
  }
  for (auto& thread : threads) thread.join();
}

ZoneTable::Entry Sender(const char* network, const char* zone) {
  return {*IpNetwork::Parse(network), *LoadZone(zone)};
}

TEST(ZoneTable, LongestNetworkWinsThenListenerThenDefault) {
  const ZoneTable table(*LoadZone("+01:00"), {Sender("10.0.0.0/8", "+02:00"), Sender("10.1.0.0/16", "+03:00"),
                                              Sender("2001:db8::/32", "+04:00")});
  const auto listener = *LoadZone("+05:00");
  const auto name = [&](const char* peer, const Zone* of_listener) {
    return table.Find(*IpAddress::Parse(peer), of_listener)->name();
  };
  EXPECT_EQ(name("10.1.2.3", listener.get()), "+03:00");
  EXPECT_EQ(name("10.2.2.3", listener.get()), "+02:00");
  EXPECT_EQ(name("2001:db8::1", listener.get()), "+04:00");
  EXPECT_EQ(name("192.0.2.1", listener.get()), "+05:00");
  EXPECT_EQ(name("192.0.2.1", nullptr), "+01:00");
}

TEST(ZoneTable, EmptyTableMeansUtc) {
  EXPECT_EQ(ZoneTable().Find(*IpAddress::Parse("192.0.2.1"), nullptr), nullptr);
}

}  // namespace
}  // namespace cistern
