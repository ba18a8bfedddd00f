#include "service/forward/resolve.h"

#include <gtest/gtest.h>

namespace cistern {
namespace {

using std::chrono::seconds;
using std::chrono::steady_clock;

std::string First(const std::string& host, std::uint16_t port) {
  const Stop stop;
  const auto addresses = Resolve({host, port}, steady_clock::now() + seconds(30), stop);
  return addresses ? addresses->front().ToString() : addresses.error().text;
}

TEST(Resolve, AddressesNeedNoLookup) {
  EXPECT_EQ(First("192.0.2.1", 514), "192.0.2.1:514");
  EXPECT_EQ(First("2001:db8::1", 514), "[2001:db8::1]:514");
}

TEST(Resolve, NamesAreLookedUp) {
  const std::string first = First("localhost", 514);
  EXPECT_TRUE(first == "127.0.0.1:514" || first == "[::1]:514") << first;
}

TEST(Resolve, AFailureNamesTheHost) {
  const Stop stop;
  const auto addresses = Resolve({"no-such-host.invalid", 514}, steady_clock::now() + seconds(30), stop);
  ASSERT_FALSE(addresses);
  EXPECT_EQ(addresses.error().reason, FailureReason::kResolve);
  EXPECT_TRUE(addresses.error().text.starts_with("the address of no-such-host.invalid: "))
      << addresses.error().text;
}

TEST(Resolve, StopEndsALookup) {
  Stop stop;
  stop.Request();
  const auto addresses = Resolve({"no-such-host.invalid", 514}, steady_clock::now() + seconds(30), stop);
  ASSERT_FALSE(addresses);
  EXPECT_EQ(addresses.error().reason, FailureReason::kStopped);
}

TEST(Resolve, EndpointsArePrinted) {
  EXPECT_EQ(ToString(HostPort{"logs.example.net", 6514}), "logs.example.net:6514");
  EXPECT_EQ(ToString(HostPort{"::1", 514}), "[::1]:514");
}

}  // namespace
}  // namespace cistern
