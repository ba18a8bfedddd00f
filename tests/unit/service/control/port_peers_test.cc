#include "service/control/port_peers.h"

#include <gtest/gtest.h>

namespace cistern {
namespace {

constexpr char kHead[] = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt\n";

std::string Line(const std::string& local, const std::string& remote, const std::string& state = "01") {
  return "   0: " + local + " " + remote + " " + state +
         " 00000000:00000000 00:00000000 00000000     0        0 1\n";
}

TEST(PortPeers, NamesWhoIsConnectedToThePort) {
  const std::string one =
      kHead + Line("0100007F:1415", "050200C0:9C40") + Line("0100007F:1415", "050200C0:9C41");
  EXPECT_EQ(PeersIn(one, kHead, 5141), "192.0.2.5");
  EXPECT_EQ(PeersIn(one, kHead, 5142), "");
  EXPECT_EQ(PeersIn(kHead + Line("0100007F:1415", "00000000:0000", "0A"), kHead, 5141), "");
  EXPECT_EQ(PeersIn(one + Line("0100007F:1415", "060200C0:1"), kHead, 5141), "one of 192.0.2.5, 192.0.2.6");
}

TEST(PortPeers, AddressesOfSixteenOctetsAreRead) {
  const std::string local = "00000000000000000000000001000000:1415";
  EXPECT_EQ(PeersIn("", kHead + Line(local, "B80D0120000000000000000001000000:1"), 5141), "2001:db8::1");
}

TEST(PortPeers, DamagedTablesAreNoHarm) {
  EXPECT_EQ(PeersIn("x\n: : : :\n0: a b 01\n0: :1415 :1 01\n", "", 5141), "");
}

TEST(PortPeers, NotAllOfManyAreNamed) {
  std::string table = kHead;
  for (const char* host : {"01", "02", "03", "04", "05", "06"})
    table += Line("0100007F:1415", std::string(host) + "0200C0:1");
  EXPECT_EQ(PeersIn(table, "", 5141), "one of 192.0.2.1, 192.0.2.2, 192.0.2.3, 192.0.2.4 and others");
}

}  // namespace
}  // namespace cistern
