// Who may send: allow and deny, and load balancers that name the real sender.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <string>
#include <thread>

#include "tests/unit/ingest/net/certificates.h"
#include "tests/unit/ingest/net/fakes.h"

namespace cistern::testing {
namespace {

using namespace std::chrono_literals;
using namespace std::string_literals;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

const std::string kLine = "PROXY TCP4 192.0.2.42 10.0.0.5 51200 6514\r\n";
const std::string kBinary =
    "\r\n\r\n\0\r\nQUIT\n\x21\x11\x00\x0c\xc0\x00\x02\x2a\x0a\x00\x00\x05\xc8\x00\x17\x9d"s;
const std::string kLocal = "\r\n\r\n\0\r\nQUIT\n\x20\x00\x00\x00"s;

NetworkSet Networks(const std::vector<std::string>& networks) { return *NetworkSet::Parse(networks); }

ListenerOptions TlsListener() {
  static const std::string kFolder = ::testing::TempDir() + "/cistern-senders-" + std::to_string(::getpid());
  ListenerOptions options = TcpListener();
  options.name = "tls";
  options.transport = Transport::kTls;
  options.tls.cert_file = kFolder + "/server.crt";
  options.tls.key_file = kFolder + "/server.key";
  std::filesystem::create_directories(kFolder);
  const Certificate server({.common_name = "server", .alternative_names = "DNS:localhost"});
  server.WriteCertificate(options.tls.cert_file);
  server.WriteKey(options.tls.key_file);
  return options;
}

ListenerOptions BehindLoadBalancer(ListenerOptions options = TcpListener()) {
  options.senders.load_balancers = Networks({"127.0.0.0/8"});
  return options;
}

TEST(SendersTest, DatagramsOfOthersAreDroppedAndCounted) {
  ListenerOptions options = UdpListener();
  options.senders.allow = Networks({"10.0.0.0/8"});
  Rig rig;
  rig.Start({options});
  Client client(rig.address(), SOCK_DGRAM);
  for (int i = 0; i < 5; ++i) client.Send("<13>never stored");
  EXPECT_TRUE(rig.events.WaitForDropped(DropReason::kDenied, 5));
  EXPECT_EQ(rig.events.received(), 5u);
  EXPECT_EQ(rig.events.denied_peer(), "127.0.0.1:" + std::to_string(client.port()));
  EXPECT_EQ(rig.server->Status().at(0).denied, 5u);
  rig.Drain();
  EXPECT_THAT(rig.sink.records(), IsEmpty());
}

TEST(SendersTest, DenyIsStrongerAndAReloadHoldsAtOnce) {
  ListenerOptions options = UdpListener();
  options.senders.allow = Networks({"127.0.0.0/8"});
  options.senders.deny = Networks({"127.0.0.1"});
  Rig rig;
  rig.Start({options});
  Client client(rig.address(), SOCK_DGRAM);
  client.Send("<13>denied");
  EXPECT_TRUE(rig.events.WaitForDropped(DropReason::kDenied, 1));
  options.senders.deny = NetworkSet();
  ASSERT_FALSE(rig.server->Reconfigure({options}, nullptr).has_error());
  client.Send("<13>allowed");
  EXPECT_THAT(Messages(rig.sink.WaitFor(1)), ElementsAre("allowed"));
}

TEST(SendersTest, Ipv4SenderOfAnIpv6SocketIsIpv4) {
  ListenerOptions options = UdpListener("::");
  options.senders.allow = Networks({"127.0.0.0/8"});
  Rig rig;
  rig.Start({options});
  const std::string address = rig.address();
  Client("127.0.0.1" + address.substr(address.rfind(':')), SOCK_DGRAM).Send("<13>four");
  EXPECT_THAT(Messages(rig.sink.WaitFor(1)), ElementsAre("four"));
}

TEST(SendersTest, ConnectionsOfOthersAreClosedAtOnce) {
  for (ListenerOptions options : {TcpListener(), TlsListener()}) {
    options.senders.deny = Networks({"127.0.0.0/8"});
    Rig rig;
    rig.Start({options});
    Client client(rig.address(), SOCK_STREAM);
    EXPECT_TRUE(client.WaitForClose());
    const SeenClose closed = rig.events.WaitForClosed();
    EXPECT_EQ(closed.reason, CloseReason::kDenied);
    EXPECT_EQ(closed.peer, "127.0.0.1:" + std::to_string(client.port()));
    EXPECT_FALSE(closed.was_open);
    EXPECT_EQ(rig.server->Status().at(0).denied, 1u);
    EXPECT_EQ(rig.server->Status().at(0).connections, 0);
  }
}

TEST(SendersTest, OpenConnectionEndsWhenItsSenderIsDenied) {
  ListenerOptions options = TcpListener();
  Rig rig;
  rig.Start({options});
  Client client(rig.address(), SOCK_STREAM);
  client.Send("<13>before\n");
  EXPECT_EQ(rig.sink.WaitFor(1).size(), 1u);
  options.senders.deny = Networks({"127.0.0.1"});
  ASSERT_FALSE(rig.server->Reconfigure({options}, nullptr).has_error());
  client.Send("<13>after\n");
  EXPECT_EQ(rig.events.WaitForClosed().reason, CloseReason::kDenied);
  EXPECT_THAT(Messages(rig.sink.records()), ElementsAre("before"));
}

struct HeaderCase {
  const char* name;
  std::string header;
  const char* peer;  // empty: the load balancer's
};

class ProxiedTest : public ::testing::TestWithParam<HeaderCase> {};

TEST_P(ProxiedTest, RecordsShowTheRealSender) {
  Rig rig;
  rig.Start({BehindLoadBalancer()});
  Client client(rig.address(), SOCK_STREAM);
  client.Send(GetParam().header + "<13>one\n8 <13>four");
  const auto records = rig.sink.WaitFor(2);
  ASSERT_THAT(Messages(records), ElementsAre("one", "four"));
  const bool named = *GetParam().peer != '\0';
  EXPECT_EQ(records[0].peer.ToString(), named ? GetParam().peer : "127.0.0.1");
  EXPECT_EQ(records[0].port, named ? 51200 : client.port());
  client.Close();
  const SeenClose closed = rig.events.WaitForClosed();
  EXPECT_EQ(closed.reason, CloseReason::kPeerClosed);
  EXPECT_EQ(closed.peer, PrintEndpoint(records[0].peer, records[0].port));
}

TEST_P(ProxiedTest, HeaderMayComeOctetByOctet) {
  Rig rig;
  rig.Start({BehindLoadBalancer()});
  Client client(rig.address(), SOCK_STREAM);
  for (const char octet : GetParam().header + "<13>split\n") client.Send({&octet, 1});
  EXPECT_THAT(Messages(rig.sink.WaitFor(1)), ElementsAre("split"));
}

TEST_P(ProxiedTest, HeaderComesBeforeTls) {
  Rig rig;
  rig.Start({BehindLoadBalancer(TlsListener())});
  TlsClient client(rig.address(), {.before = GetParam().header});
  client.Send("<13>secret\n");
  const auto records = rig.sink.WaitFor(1);
  ASSERT_THAT(Messages(records), ElementsAre("secret"));
  EXPECT_EQ(records[0].peer.ToString(), *GetParam().peer != '\0' ? GetParam().peer : "127.0.0.1");
}

TEST_P(ProxiedTest, OthersMaySendNone) {
  for (ListenerOptions options : {TcpListener(), TlsListener()}) {
    options.senders.load_balancers = Networks({"10.0.0.5"});
    const std::string& header = GetParam().header;
    Rig rig;
    rig.Start({options});
    for (std::size_t first = 1; first < header.size(); ++first) {
      Client client(rig.address(), SOCK_STREAM);
      client.Send(header.substr(0, first));
      if (first % 2 == 0) std::this_thread::yield();
      ::send(client.fd(), header.data() + first, header.size() - first, MSG_NOSIGNAL);
      const SeenClose closed = rig.events.WaitForClosed(first);
      EXPECT_EQ(closed.reason, CloseReason::kProxyRefused) << first;
      EXPECT_THAT(closed.detail, HasSubstr("not in proxy_protocol"));
    }
    EXPECT_EQ(rig.server->Status().at(0).proxy_refused, header.size() - 1);
    rig.Drain();
    EXPECT_THAT(rig.sink.records(), IsEmpty());
    EXPECT_EQ(rig.events.received(), rig.events.dropped(DropReason::kEmpty));
  }
}

INSTANTIATE_TEST_SUITE_P(Headers, ProxiedTest,
                         ::testing::ValuesIn(std::vector<HeaderCase>{
                             {"Line", kLine, "192.0.2.42"},
                             {"Line6", "PROXY TCP6 2001:db8::2a ::1 51200 1\r\n", "2001:db8::2a"},
                             {"Unknown", "PROXY UNKNOWN\r\n", ""},
                             {"Binary", kBinary, "192.0.2.42"},
                             {"Local", kLocal, ""}}),
                         [](const auto& info) { return info.param.name; });

TEST(ProxyTest, LoadBalancerWithoutAProperHeaderIsRefused) {
  struct Case {
    const char* octets;
    const char* detail;
  };
  for (const Case& test :
       {Case{"<13>no header\n", "no PROXY header"},
        Case{"PROXY TCP4 host 10.0.0.5 1 2\r\n<13>bad\n", "malformed PROXY header: an address"},
        Case{"PROXY TCP4 192.0.2.42 10.0", "closed within"}}) {
    Rig rig;
    rig.Start({BehindLoadBalancer()});
    Client client(rig.address(), SOCK_STREAM);
    client.Send(test.octets);
    client.CloseSending();
    const SeenClose closed = rig.events.WaitForClosed();
    EXPECT_EQ(closed.reason, CloseReason::kProxyRefused);
    EXPECT_THAT(closed.detail, HasSubstr(test.detail));
    EXPECT_FALSE(closed.was_open);
    EXPECT_EQ(rig.server->Status().at(0).proxy_refused, 1u);
    rig.Drain();
    EXPECT_THAT(rig.sink.records(), IsEmpty());
    EXPECT_EQ(rig.events.received(), 0u);
  }
}

TEST(ProxyTest, TlsWithoutAHeaderIsRefused) {
  Rig rig;
  rig.Start({BehindLoadBalancer(TlsListener())});
  Client client(rig.address(), SOCK_STREAM);
  client.Send("\x16\x03\x01\x02");
  EXPECT_EQ(rig.events.WaitForClosed().reason, CloseReason::kProxyRefused);
}

TEST(ProxyTest, ConnectionThatOnlyLooksIsNoMistake) {
  Rig rig;
  rig.Start({BehindLoadBalancer()});
  Client(rig.address(), SOCK_STREAM).Close();
  EXPECT_EQ(rig.events.WaitForClosed().reason, CloseReason::kPeerClosed);
  EXPECT_EQ(rig.server->Status().at(0).proxy_refused, 0u);
}

TEST(ProxyTest, HeaderThatStallsRunsIntoTheHandshakeTimeout) {
  ListenerOptions options = BehindLoadBalancer();
  options.tls.handshake_timeout = 20ms;
  Rig rig;
  rig.Start({options});
  Client client(rig.address(), SOCK_STREAM);
  client.Send("PROXY TCP4 192");
  const SeenClose closed = rig.events.WaitForClosed();
  EXPECT_EQ(closed.reason, CloseReason::kHandshakeTimeout);
  EXPECT_THAT(closed.detail, HasSubstr("PROXY header"));
}

TEST(ProxyTest, SecondHeaderIsRefused) {
  Rig rig;
  rig.Start({BehindLoadBalancer()});
  Client client(rig.address(), SOCK_STREAM);
  client.Send(kLine + kLine + "<13>never stored\n");
  EXPECT_EQ(rig.events.WaitForClosed().reason, CloseReason::kProxyRefused);
  EXPECT_THAT(rig.sink.records(), IsEmpty());
}

TEST(ProxyTest, HeaderWithinTlsIsRefused) {
  Rig rig;
  rig.Start({TlsListener()});
  TlsClient client(rig.address());
  client.Send(kLine + "<13>never stored\n");
  EXPECT_EQ(rig.events.WaitForClosed().reason, CloseReason::kProxyRefused);
  EXPECT_THAT(rig.sink.records(), IsEmpty());
}

TEST(ProxyTest, TextThatBeginsSimilarlyIsStored) {
  Rig rig;
  rig.Start({TcpListener()});
  Client client(rig.address(), SOCK_STREAM);
  client.Send("PROXY");
  client.Send(" TCP");
  client.Send(" is down\n");
  EXPECT_EQ(rig.sink.WaitFor(1).at(0).raw, "PROXY TCP is down");
}

TEST(ProxyTest, RulesAreForTheRealSender) {
  ListenerOptions options = BehindLoadBalancer();
  options.senders.allow = Networks({"192.0.2.0/24"});
  options.senders.deny = Networks({"192.0.2.66"});
  Rig rig;
  rig.Start({options});
  Client allowed(rig.address(), SOCK_STREAM);
  allowed.Send(kLine + "<13>allowed\n");
  EXPECT_THAT(Messages(rig.sink.WaitFor(1)), ElementsAre("allowed"));
  std::size_t refused = 0;
  for (const char* sender : {"192.0.2.66", "203.0.113.1"}) {
    Client client(rig.address(), SOCK_STREAM);
    client.Send("PROXY TCP4 "s + sender + " 10.0.0.5 51200 6514\r\n<13>never stored\n");
    const SeenClose closed = rig.events.WaitForClosed(++refused);
    EXPECT_EQ(closed.reason, CloseReason::kDenied);
    EXPECT_EQ(closed.peer, sender + ":51200"s);
    EXPECT_EQ(closed.detail, "through 127.0.0.1:" + std::to_string(client.port()));
  }
  EXPECT_EQ(rig.server->Status().at(0).denied, 2u);
  EXPECT_EQ(rig.sink.records().size(), 1u);
}

TEST(ProxyTest, ConnectionLimitCountsTheRealSender) {
  ListenerOptions options = BehindLoadBalancer();
  options.max_connections_per_peer = 1;
  Rig rig;
  rig.Start({options});
  Client first(rig.address(), SOCK_STREAM), other(rig.address(), SOCK_STREAM);
  first.Send(kLine + "<13>first\n");
  other.Send("PROXY TCP4 192.0.2.43 10.0.0.5 51200 6514\r\n<13>other\n");
  EXPECT_EQ(rig.sink.WaitFor(2).size(), 2u);
  Client second(rig.address(), SOCK_STREAM);
  second.Send(kLine + "<13>never stored\n");
  EXPECT_EQ(rig.events.WaitForClosed(1).reason, CloseReason::kPeerLimit);
  EXPECT_EQ(rig.server->Status().at(0).connections, 2);
  first.Close();
  EXPECT_EQ(rig.events.WaitForClosed(2).reason, CloseReason::kPeerClosed);
  Client again(rig.address(), SOCK_STREAM);
  again.Send(kLine + "<13>again\n");
  EXPECT_EQ(rig.sink.WaitFor(3).size(), 3u);
}

}  // namespace
}  // namespace cistern::testing
