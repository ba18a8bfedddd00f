#include "ingest/message/ip_address.h"

#include <gtest/gtest.h>

namespace cistern {
namespace {

TEST(IpAddress, PrintsWhatItRead) {
  for (const char* text :
       {"192.0.2.1", "0.0.0.0", "255.255.255.255", "2001:db8::1", "::1", "fe80::1:2:3:4"}) {
    const auto address = IpAddress::Parse(text);
    ASSERT_TRUE(address) << text;
    EXPECT_TRUE(address->present());
    EXPECT_EQ(address->ToString(), text);
  }
}

TEST(IpAddress, CanonicalForm) {
  EXPECT_EQ(IpAddress::Parse("2001:0DB8:0:0:0:0:0:1")->ToString(), "2001:db8::1");
  EXPECT_EQ(IpAddress::Parse("::ffff:192.0.2.1")->ToString(), "192.0.2.1");
}

TEST(IpAddress, MappedAddressIsIpv4) {
  EXPECT_EQ(IpAddress::Parse("::ffff:192.0.2.1"), IpAddress::V4(0xc0000201));
  EXPECT_TRUE(IpAddress::Parse("::ffff:192.0.2.1")->is_v4());
  EXPECT_FALSE(IpAddress::Parse("2001:db8::1")->is_v4());
}

TEST(IpAddress, AbsentPrintsNothing) {
  EXPECT_FALSE(IpAddress().present());
  EXPECT_EQ(IpAddress().ToString(), "");
  EXPECT_FALSE(IpAddress().is_v4());
}

TEST(IpAddress, RefusesAnythingElse) {
  for (const std::string text : {"", "1.2.3", "1.2.3.4.5", "256.1.1.1", "1.2.3.4:514", "[::1]",
                                 "fe80::1%eth0", ":::", "g::1", " ::1", "2001:db8::1::2", "example.com"}) {
    EXPECT_FALSE(IpAddress::Parse(text)) << text;
  }
  EXPECT_FALSE(IpAddress::Parse(std::string_view("1.2.3.4\0x", 9)));
  EXPECT_FALSE(IpAddress::Parse(std::string(100, '1')));
}

TEST(IpNetwork, ContainsItsAddresses) {
  struct Case {
    const char* network;
    const char* address;
    bool contains;
  };
  constexpr Case kCases[] = {
      {"10.0.0.0/8", "10.255.255.255", true},   {"10.0.0.0/8", "11.0.0.0", false},
      {"10.1.2.3/8", "10.9.9.9", true},         {"10.1.2.3", "10.1.2.3", true},
      {"10.1.2.3", "10.1.2.4", false},          {"192.0.2.128/25", "192.0.2.127", false},
      {"192.0.2.128/25", "192.0.2.200", true},  {"0.0.0.0/0", "203.0.113.9", true},
      {"0.0.0.0/0", "2001:db8::1", false},      {"::/0", "2001:db8::1", true},
      {"::/0", "203.0.113.9", false},           {"2001:db8::/32", "2001:db8:ffff::", true},
      {"2001:db8::/32", "2001:db9::", false},   {"2001:db8::1", "2001:db8::1", true},
      {"2001:db8::/127", "2001:db8::2", false}, {"::ffff:10.0.0.0/104", "10.1.1.1", true},
  };
  for (const Case& c : kCases) {
    const auto network = IpNetwork::Parse(c.network);
    ASSERT_TRUE(network) << c.network;
    EXPECT_EQ(network->Contains(*IpAddress::Parse(c.address)), c.contains) << c.network << " " << c.address;
  }
}

TEST(IpNetwork, HoldsNoAbsentAddress) { EXPECT_FALSE(IpNetwork::Parse("::/0")->Contains(IpAddress())); }

TEST(IpNetwork, PrintsWithoutHostBits) {
  EXPECT_EQ(IpNetwork::Parse("10.1.2.3/8")->ToString(), "10.0.0.0/8");
  EXPECT_EQ(IpNetwork::Parse("2001:db8::1/32")->ToString(), "2001:db8::/32");
  EXPECT_EQ(IpNetwork::Parse("192.0.2.1")->ToString(), "192.0.2.1/32");
  EXPECT_EQ(IpNetwork::Parse("::/0")->ToString(), "::/0");
  EXPECT_EQ(IpNetwork::Parse("10.0.0.0/8")->prefix_bits(), 104);
}

TEST(IpNetwork, RefusesAnythingElse) {
  for (const char* text : {"", "/8", "10.0.0.0/", "10.0.0.0/33", "10.0.0.0/-1", "10.0.0.0/8x", "10.0.0.0/ 8",
                           "2001:db8::/129", "x/8", "10.0.0.0/99999999999"}) {
    EXPECT_FALSE(IpNetwork::Parse(text)) << text;
  }
}

}  // namespace
}  // namespace cistern
