#include "proto/yaml/units.h"

#include <gtest/gtest.h>

#include <limits>

namespace cistern {
namespace {

constexpr std::int64_t kSecond = 1'000'000'000;

TEST(ParseDuration, ReadsUnitsInDescendingOrder) {
  EXPECT_EQ(ParseDuration("50ms"), 50'000'000);
  EXPECT_EQ(ParseDuration("300s"), 300 * kSecond);
  EXPECT_EQ(ParseDuration("1h30m"), 5400 * kSecond);
  EXPECT_EQ(ParseDuration("7d"), 7 * 86400 * kSecond);
  EXPECT_EQ(ParseDuration("1m5ms"), 60 * kSecond + 5'000'000);
  EXPECT_EQ(ParseDuration("3us2ns"), 3002);
  EXPECT_EQ(ParseDuration("0"), 0);
  EXPECT_EQ(ParseDuration("0s"), 0);
}

TEST(ParseDuration, RefusesWhatIsAmbiguousOrTooLong) {
  for (const char* text : {"", "5", "s", "-5s", "1.5h", "5 s", "5S", "30m1h", "1h1h", "5parsecs", "1h30",
                           "106752d", "99999999999999999999s", " 5s", "5s "}) {
    EXPECT_FALSE(ParseDuration(text)) << text;
  }
}

TEST(FormatDuration, PrintsWhatParsesBack) {
  EXPECT_EQ(FormatDuration(0), "0s");
  EXPECT_EQ(FormatDuration(5400 * kSecond), "1h30m");
  EXPECT_EQ(FormatDuration(30 * 86400 * kSecond), "30d");
  for (const std::int64_t value :
       {std::int64_t{1}, kSecond - 1, 90 * kSecond, std::numeric_limits<std::int64_t>::max()}) {
    EXPECT_EQ(ParseDuration(FormatDuration(value)), value);
  }
}

TEST(ParseSize, ReadsBinaryAndDecimalUnits) {
  EXPECT_EQ(ParseSize("64KiB"), 65536u);
  EXPECT_EQ(ParseSize("50GiB"), 50ull << 30);
  EXPECT_EQ(ParseSize("10MB"), 10'000'000u);
  EXPECT_EQ(ParseSize("1kB"), 1000u);
  EXPECT_EQ(ParseSize("2TiB"), 2ull << 40);
  EXPECT_EQ(ParseSize("12B"), 12u);
  EXPECT_EQ(ParseSize("200000"), 200000u);
}

TEST(ParseSize, RefusesWhatIsAmbiguousOrTooLarge) {
  for (const char* text :
       {"", "KiB", "64k", "64K", "64 KiB", "-1", "1.5MiB", "64kib", "16777216TiB", "18446744073709551616"}) {
    EXPECT_FALSE(ParseSize(text)) << text;
  }
}

TEST(FormatSize, PrintsWhatParsesBack) {
  EXPECT_EQ(FormatSize(0), "0");
  EXPECT_EQ(FormatSize(200000), "200000");
  EXPECT_EQ(FormatSize(1 << 20), "1MiB");
  for (const std::uint64_t value :
       {std::uint64_t{1}, std::uint64_t{1536}, std::numeric_limits<std::uint64_t>::max()}) {
    EXPECT_EQ(ParseSize(FormatSize(value)), value);
  }
}

TEST(ParseHostPort, SplitsNumericAddresses) {
  const auto v4 = ParseHostPort("127.0.0.1:5140");
  ASSERT_TRUE(v4);
  EXPECT_EQ(v4->host, "127.0.0.1");
  EXPECT_EQ(v4->port, 5140);
  const auto v6 = ParseHostPort("[2001:db8::1]:0");
  ASSERT_TRUE(v6);
  EXPECT_EQ(v6->host, "2001:db8::1");
  EXPECT_EQ(v6->port, 0);
  EXPECT_TRUE(ParseHostPort("[::]:514"));
}

TEST(ParseHostPort, RefusesNamesAndBareAddresses) {
  for (const char* text :
       {"", ":", "localhost:514", "127.0.0.1", "127.0.0.1:", "127.0.0.1:x", "127.0.0.1:65536", "::1:514",
        "[127.0.0.1]:514", "[::1]", "*:514", ":514", "127.0.0.1:+5", "[]:5"}) {
    EXPECT_FALSE(ParseHostPort(text)) << text;
  }
}

TEST(ParseEndpoint, TakesNamesAndAddressesWithAPort) {
  EXPECT_EQ(ParseEndpoint("logs.example.net:514")->host, "logs.example.net");
  EXPECT_EQ(ParseEndpoint("[2001:db8::1]:6514")->host, "2001:db8::1");
  EXPECT_EQ(ParseEndpoint("192.0.2.1:514")->port, 514);
  for (const char* bad : {"logs", "logs:", "logs:0", "logs:65536", ":514", "300.0.2.1:514", "2001:db8::1:514",
                          "a b:514", "-x:514", "logs:514/tcp", "user@logs:514"}) {
    EXPECT_FALSE(ParseEndpoint(bad)) << bad;
  }
}

}  // namespace
}  // namespace cistern
