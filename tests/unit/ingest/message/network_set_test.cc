#include "ingest/message/network_set.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

namespace cistern {
namespace {

bool Holds(const std::vector<std::string>& networks, const char* address) {
  return NetworkSet::Parse(networks)->Contains(*IpAddress::Parse(address));
}

TEST(NetworkSetTest, HoldsFirstAndLastAddressAndNoNeighbour) {
  const std::vector<std::string> networks = {"10.1.2.0/23", "192.0.2.7", "2001:db8:1::/47"};
  for (const char* within : {"10.1.2.0", "10.1.3.255", "192.0.2.7", "2001:db8::", "2001:db8:1:ffff::ffff"})
    EXPECT_TRUE(Holds(networks, within)) << within;
  for (const char* outside :
       {"10.1.1.255", "10.1.4.0", "192.0.2.6", "192.0.2.8", "2001:db7:ffff::", "2001:db8:2::"})
    EXPECT_FALSE(Holds(networks, outside)) << outside;
}

TEST(NetworkSetTest, MappedAddressesAreIpv4OnBothSides) {
  EXPECT_TRUE(Holds({"10.0.0.0/8"}, "::ffff:10.1.2.3"));
  EXPECT_TRUE(Holds({"::ffff:10.0.0.0/104"}, "10.1.2.3"));
  EXPECT_FALSE(Holds({"::ffff:10.0.0.0/104"}, "11.1.2.3"));
}

TEST(NetworkSetTest, EachFamilyHasItsOwnWhole) {
  EXPECT_TRUE(Holds({"0.0.0.0/0"}, "203.0.113.1"));
  EXPECT_FALSE(Holds({"0.0.0.0/0"}, "2001:db8::1"));
  EXPECT_TRUE(Holds({"::/0"}, "2001:db8::1"));
  EXPECT_FALSE(Holds({"::/0"}, "203.0.113.1"));
}

TEST(NetworkSetTest, EmptySetAndAbsentAddressHoldNothing) {
  EXPECT_TRUE(NetworkSet().empty());
  EXPECT_FALSE(NetworkSet().Contains(*IpAddress::Parse("10.0.0.1")));
  EXPECT_FALSE(NetworkSet::Parse({"::/0", "0.0.0.0/0"})->Contains(IpAddress()));
}

TEST(NetworkSetTest, WhatIsNoNetworkIsRefused) {
  for (const char* text : {"", "10.0.0.0/33", "10.0.0/8", "host", "10.0.0.0/", "::/129", "10.0.0.0/8 "})
    EXPECT_FALSE(NetworkSet::Parse({"10.0.0.0/8", text})) << text;
}

// Against one network asked after another: nested, equal and neighbouring ones.
TEST(NetworkSetTest, AnswersAsItsNetworksDo) {
  std::minstd_rand random(7);
  for (int round = 0; round < 200; ++round) {
    std::vector<std::string> networks;
    for (int i = 0; i < 12; ++i)
      networks.push_back("10.0." + std::to_string(random() % 4) + "." + std::to_string(random() % 256) + "/" +
                         std::to_string(20 + random() % 13));
    const auto set = *NetworkSet::Parse(networks);
    for (int i = 0; i < 100; ++i) {
      const IpAddress address = IpAddress::V4(0x0a000000u + static_cast<std::uint32_t>(random() % 2048));
      const bool held = std::any_of(networks.begin(), networks.end(), [&](const std::string& network) {
        return IpNetwork::Parse(network)->Contains(address);
      });
      ASSERT_EQ(set.Contains(address), held) << address.ToString();
    }
  }
}

}  // namespace
}  // namespace cistern
