// UDP and Unix datagram listeners over real loopback sockets.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <string>
#include <thread>

#include "tests/unit/ingest/net/fakes.h"

namespace cistern::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::string TemporarySocketPath(const std::string& name) {
  return ::testing::TempDir() + "/cistern-" + std::to_string(::getpid()) + "-" + name + ".sock";
}

TEST(UdpTest, DatagramBecomesRecordWithItsOrigin) {
  Rig rig;
  rig.Start({UdpListener()});
  Client client(rig.address(), SOCK_DGRAM);
  client.Send("<34>1 2026-01-02T03:04:05Z host su - ID47 - hello");
  const auto records = rig.sink.WaitFor(1);
  ASSERT_EQ(records.size(), 1u);
  EXPECT_EQ(records[0].message, "hello");
  EXPECT_EQ(records[0].app_name, "su");
  EXPECT_EQ(records[0].peer.ToString(), "127.0.0.1");
  EXPECT_EQ(records[0].port, client.port());
  EXPECT_EQ(records[0].transport, Transport::kUdp);
  EXPECT_EQ(records[0].listener, "udp");
  EXPECT_EQ(records[0].frame_kind, FrameKind::kDatagram);
  EXPECT_EQ(records[0].flags & (kFlagTruncated | kFlagPartialFrame), 0u);
  EXPECT_GT(records[0].received, 0);
  EXPECT_EQ(rig.events.received(), 1u);
}

TEST(UdpTest, KeepsTheOrderOfOneSender) {
  Rig rig;
  rig.Start({UdpListener()});
  Client client(rig.address(), SOCK_DGRAM);
  constexpr int kCount = 5000;
  for (int i = 0; i < kCount; ++i) client.Send("<13>" + std::to_string(i));
  const auto records = rig.sink.WaitFor(kCount);
  ASSERT_EQ(records.size(), static_cast<std::size_t>(kCount));
  for (int i = 0; i < kCount; ++i) ASSERT_EQ(records[i].raw, "<13>" + std::to_string(i));
}

TEST(UdpTest, ListensOnIpv6) {
  Rig rig;
  rig.Start({UdpListener("::1")});
  EXPECT_THAT(rig.address(), ::testing::StartsWith("[::1]:"));
  Client(rig.address(), SOCK_DGRAM).Send("<13>six");
  const auto records = rig.sink.WaitFor(1);
  ASSERT_EQ(records.size(), 1u);
  EXPECT_EQ(records[0].peer.ToString(), "::1");
}

TEST(UdpTest, UnspecifiedIpv6AddressTakesIpv4AsWell) {
  Rig rig;
  rig.Start({UdpListener("::")});
  const std::string address = rig.address();
  Client("127.0.0.1" + address.substr(address.rfind(':')), SOCK_DGRAM).Send("<13>four");
  const auto records = rig.sink.WaitFor(1);
  ASSERT_EQ(records.size(), 1u);
  EXPECT_EQ(records[0].peer.ToString(), "127.0.0.1");
}

TEST(UdpTest, LongDatagramIsTruncatedAndFlagged) {
  ListenerOptions options = UdpListener();
  options.max_message = 100;
  Rig rig;
  rig.Start({options});
  Client client(rig.address(), SOCK_DGRAM);
  client.Send(std::string(100, 'a'));
  client.Send(std::string(101, 'b'));
  client.Send(std::string(65507, 'c'));
  const auto records = rig.sink.WaitFor(3);
  ASSERT_EQ(records.size(), 3u);
  EXPECT_EQ(records[0].flags & kFlagTruncated, 0u);
  EXPECT_NE(records[1].flags & kFlagTruncated, 0u);
  EXPECT_EQ(records[1].raw, std::string(100, 'b'));
  EXPECT_NE(records[2].flags & kFlagTruncated, 0u);
  EXPECT_EQ(records[2].raw, std::string(100, 'c'));
}

TEST(UdpTest, LargestDatagramIsKeptWhole) {
  Rig rig;
  rig.Start({UdpListener()});
  Client(rig.address(), SOCK_DGRAM).Send(std::string(65507, 'x'));
  const auto records = rig.sink.WaitFor(1);
  ASSERT_EQ(records.size(), 1u);
  EXPECT_EQ(records[0].raw.size(), 65507u);
  EXPECT_EQ(records[0].flags & kFlagTruncated, 0u);
}

TEST(UdpTest, EmptyDatagramsAreCountedAsDropped) {
  Rig rig;
  rig.Start({UdpListener()});
  Client client(rig.address(), SOCK_DGRAM);
  client.Send("");
  client.Send(std::string_view("\r\n\0", 3));
  client.Send("<13>x");
  EXPECT_EQ(rig.sink.WaitFor(1).size(), 1u);
  EXPECT_EQ(rig.events.received(), 3u);
  EXPECT_EQ(rig.events.dropped(DropReason::kEmpty), 2u);
}

TEST(UdpTest, FullQueueDropsAndCountsAndRecovers) {
  Rig rig;
  rig.Start({UdpListener()});
  Client client(rig.address(), SOCK_DGRAM);
  rig.sink.SetFull(true);
  client.Send("<13>lost");
  EXPECT_TRUE(rig.events.WaitForDropped(DropReason::kQueueFull, 1));
  rig.sink.SetFull(false);
  client.Send("<13>kept");
  EXPECT_THAT(Messages(rig.sink.WaitFor(1)), ElementsAre("kept"));
  EXPECT_EQ(rig.events.received(), 2u);
}

TEST(UdpTest, KernelDropsAreReported) {
  ListenerOptions options = UdpListener();
  options.receive_buffer = 4096;
  Rig rig;
  rig.Start({options});
  Client client(rig.address(), SOCK_DGRAM);
  constexpr std::uint64_t kSent = 50'000;
  const std::string datagram(1000, 'x');
  for (std::uint64_t i = 0; i < kSent; ++i) client.Send(datagram);
  rig.Drain();
  EXPECT_GT(rig.events.kernel_drops(), 0u);
  EXPECT_EQ(rig.events.received() + rig.events.kernel_drops(), kSent);
  EXPECT_EQ(rig.server->Status().at(0).kernel_drops, rig.events.kernel_drops());
  EXPECT_EQ(rig.sink.records().size() + rig.events.dropped(DropReason::kQueueFull), rig.events.received());
}

TEST(UdpTest, SeveralSocketsShareOnePort) {
  ListenerOptions options = UdpListener();
  options.sockets = 3;
  Rig rig;
  rig.Start({options});
  for (int i = 0; i < 30; ++i) Client(rig.address(), SOCK_DGRAM).Send("<13>x");
  EXPECT_EQ(rig.sink.WaitFor(30).size(), 30u);
}

TEST(UdpTest, GrantedReceiveBufferIsReported) {
  ListenerOptions options = UdpListener();
  options.receive_buffer = 64 * 1024;
  Rig rig;
  rig.Start({options});
  EXPECT_EQ(rig.server->Status().at(0).receive_buffer, 64u * 1024);
}

TEST(UdpTest, TakenPortIsNamed) {
  Rig first;
  first.Start({UdpListener()});
  const std::string address = first.address();
  ListenerOptions options = UdpListener();
  options.port = static_cast<std::uint16_t>(std::stoi(address.substr(address.rfind(':') + 1)));
  Rig second;
  const auto started = second.server->Start({options});
  ASSERT_TRUE(started.has_error());
  EXPECT_FALSE(started.error().configuration);
  EXPECT_THAT(started.error().message, HasSubstr("listener \"udp\": cannot listen on " + address));
  EXPECT_THAT(started.error().message, HasSubstr("ddress already in use"));
}

TEST(UdpTest, ZoneOfTheSenderNetworkIsUsed) {
  NetServer::Options server_options;
  server_options.zones = std::make_shared<const ZoneTable>(
      nullptr, std::vector<ZoneTable::Entry>{{*IpNetwork::Parse("127.0.0.0/8"), *LoadZone("+02:00")}});
  Rig rig(server_options);
  rig.Start({UdpListener()});
  Client(rig.address(), SOCK_DGRAM).Send("<13>2026-01-02T12:00:00 host app: x");
  const auto records = rig.sink.WaitFor(1);
  ASSERT_EQ(records.size(), 1u);
  EXPECT_EQ(records[0].time, 1767348000'000000000);  // 10:00 UTC
}

TEST(UdpTest, DrainTakesWhatTheKernelHolds) {
  Rig rig;
  rig.Start({UdpListener()});
  Client client(rig.address(), SOCK_DGRAM);
  for (int i = 0; i < 1000; ++i) client.Send("<13>x");
  rig.server->StopAccepting();
  rig.Drain();
  EXPECT_EQ(rig.sink.records().size(), 1000u);
}

TEST(UdpTest, DrainCountsWhatCannotBePushed) {
  Rig rig;
  rig.Start({UdpListener()});
  rig.sink.SetFull(true);
  Client(rig.address(), SOCK_DGRAM).Send("<13>first");
  EXPECT_TRUE(rig.events.WaitForDropped(DropReason::kQueueFull, 1));
  Client(rig.address(), SOCK_DGRAM).Send("<13>second");
  EXPECT_TRUE(rig.events.WaitForReceived(2));
  rig.Drain(std::chrono::milliseconds(20));
  EXPECT_EQ(rig.events.dropped(DropReason::kQueueFull) + rig.events.dropped(DropReason::kShutdown), 2u);
}

TEST(UnixTest, DatagramBecomesRecordWithoutPeer) {
  ListenerOptions options;
  options.name = "local";
  options.transport = Transport::kUnix;
  options.unix_path = TemporarySocketPath("plain");
  options.unix_mode = 0620;
  Rig rig;
  rig.Start({options});
  struct stat info;
  ASSERT_EQ(::stat(options.unix_path.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0620u);
  Client(rig.address(), SOCK_DGRAM).Send("<13>local message");
  const auto records = rig.sink.WaitFor(1);
  ASSERT_EQ(records.size(), 1u);
  EXPECT_FALSE(records[0].peer.present());
  EXPECT_EQ(records[0].transport, Transport::kUnix);
  EXPECT_EQ(records[0].listener, "local");
  rig.Drain();
  EXPECT_FALSE(std::filesystem::exists(options.unix_path));
}

TEST(UnixTest, LeftOverSocketFileIsReplacedAndALiveOneIsNot) {
  ListenerOptions options;
  options.name = "local";
  options.transport = Transport::kUnix;
  options.unix_path = TemporarySocketPath("stale");
  { ASSERT_TRUE(OpenSocket(options, false).has_value()); }  // closed, its file stays
  Rig rig;
  rig.Start({options});
  Rig second;
  const auto started = second.server->Start({options});
  ASSERT_TRUE(started.has_error());
  EXPECT_THAT(started.error().message, HasSubstr(options.unix_path));
  Client(rig.address(), SOCK_DGRAM).Send("<13>still there");
  EXPECT_EQ(rig.sink.WaitFor(1).size(), 1u);
}

}  // namespace
}  // namespace cistern::testing
