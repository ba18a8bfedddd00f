// TCP listeners over real loopback sockets.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <thread>

#include "tests/unit/ingest/net/fakes.h"

namespace cistern::testing {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

TEST(TcpTest, FramesOfBothKindsBecomeRecords) {
  Rig rig;
  rig.Start({TcpListener()});
  Client client(rig.address(), SOCK_STREAM);
  client.Send("<13>one\n8 <13>four<13>three\n");
  const auto records = rig.sink.WaitFor(3);
  ASSERT_THAT(Messages(records), ElementsAre("one", "four", "three"));
  EXPECT_EQ(records[0].frame_kind, FrameKind::kLine);
  EXPECT_EQ(records[1].frame_kind, FrameKind::kOctetCounting);
  EXPECT_EQ(records[0].peer.ToString(), "127.0.0.1");
  EXPECT_EQ(records[0].port, client.port());
  EXPECT_EQ(records[0].transport, Transport::kTcp);
  EXPECT_EQ(records[0].listener, "tcp");
  EXPECT_EQ(rig.events.octets(), 28u);
}

TEST(TcpTest, MessageInManyWritesStaysOne) {
  Rig rig;
  rig.Start({TcpListener()});
  Client client(rig.address(), SOCK_STREAM);
  for (const char octet : std::string("<13>split\n9 <13>again")) client.Send({&octet, 1});
  EXPECT_THAT(Messages(rig.sink.WaitFor(2)), ElementsAre("split", "again"));
}

TEST(TcpTest, LargeStreamKeepsEveryMessageInOrder) {
  Rig rig;
  rig.Start({TcpListener()});
  Client client(rig.address(), SOCK_STREAM);
  constexpr int kCount = 50'000;
  std::string stream;
  for (int i = 0; i < kCount; ++i) stream += "<13>" + std::string(i % 300, 'x') + std::to_string(i) + "\n";
  client.Send(stream);
  const auto records = rig.sink.WaitFor(kCount);
  ASSERT_EQ(records.size(), static_cast<std::size_t>(kCount));
  for (int i = 0; i < kCount; ++i)
    ASSERT_EQ(records[i].raw, "<13>" + std::string(i % 300, 'x') + std::to_string(i));
  EXPECT_EQ(rig.events.received(), static_cast<std::uint64_t>(kCount));
  EXPECT_EQ(rig.events.octets(), stream.size());
}

TEST(TcpTest, OverlongMessageIsTruncatedAndTheNextIsWhole) {
  ListenerOptions options = TcpListener();
  options.framing.max_message = 100;
  Rig rig;
  rig.Start({options});
  Client client(rig.address(), SOCK_STREAM);
  client.Send(std::string(200'000, 'a') + "\n<13>next\n");
  const auto records = rig.sink.WaitFor(2);
  ASSERT_EQ(records.size(), 2u);
  EXPECT_EQ(records[0].raw, std::string(100, 'a'));
  EXPECT_NE(records[0].flags & kFlagTruncated, 0u);
  EXPECT_EQ(records[1].message, "next");
}

TEST(TcpTest, UnfinishedMessageIsStoredAndFlaggedWhenThePeerCloses) {
  Rig rig;
  rig.Start({TcpListener()});
  Client client(rig.address(), SOCK_STREAM);
  client.Send("100 <13>half");
  client.CloseSending();
  const auto records = rig.sink.WaitFor(1);
  ASSERT_EQ(records.size(), 1u);
  EXPECT_EQ(records[0].raw, "<13>half");
  EXPECT_NE(records[0].flags & kFlagPartialFrame, 0u);
  EXPECT_EQ(rig.events.WaitForClosed().reason, CloseReason::kPeerClosed);
  EXPECT_EQ(rig.events.received(), 1u);
}

TEST(TcpTest, LostFramingClosesTheConnection) {
  ListenerOptions options = TcpListener();
  options.framing.framing = Framing::kOctetCounting;
  Rig rig;
  rig.Start({options});
  Client client(rig.address(), SOCK_STREAM);
  client.Send("7 <13>one<13>not counted\n");
  EXPECT_EQ(rig.events.WaitForClosed().reason, CloseReason::kFramingLost);
  EXPECT_TRUE(client.WaitForClose());
  EXPECT_EQ(rig.sink.WaitFor(1)[0].message, "one");
}

TEST(TcpTest, FullQueueStopsReadingAndLosesNothing) {
  Rig rig({.io_threads = 1});
  rig.Start({TcpListener()});
  rig.sink.SetFull(true);
  constexpr int kClients = 4;
  constexpr int kCount = 20'000;
  std::vector<std::thread> senders;
  for (int c = 0; c < kClients; ++c) {
    senders.emplace_back([&] {
      Client client(rig.address(), SOCK_STREAM);
      for (int i = 0; i < kCount; ++i) client.Send("<13>" + std::string(100, 'x') + std::to_string(i) + "\n");
    });
  }
  rig.sink.WaitForRefusal();
  EXPECT_TRUE(rig.events.WaitForOpened(1));
  EXPECT_LT(rig.events.received(), static_cast<std::uint64_t>(kClients * kCount));
  rig.sink.SetFull(false);
  for (auto& sender : senders) sender.join();
  EXPECT_EQ(rig.sink.WaitFor(kClients * kCount).size(), static_cast<std::size_t>(kClients * kCount));
}

TEST(TcpTest, TotalLimitRefusesAndFreesAgain) {
  ListenerOptions options = TcpListener();
  options.max_connections = 1;
  Rig rig;
  rig.Start({options});
  Client first(rig.address(), SOCK_STREAM);
  ASSERT_TRUE(rig.events.WaitForOpened(1));
  Client second(rig.address(), SOCK_STREAM);
  const SeenClose refused = rig.events.WaitForClosed();
  EXPECT_EQ(refused.reason, CloseReason::kTotalLimit);
  EXPECT_FALSE(refused.was_open);
  EXPECT_TRUE(second.WaitForClose());
  first.Close();
  EXPECT_EQ(rig.events.WaitForClosed(2).reason, CloseReason::kPeerClosed);
  Client third(rig.address(), SOCK_STREAM);
  third.Send("<13>in\n");
  EXPECT_EQ(rig.sink.WaitFor(1).size(), 1u);
}

TEST(TcpTest, PeerLimitLeavesOtherPeersAlone) {
  ListenerOptions options = TcpListener("0.0.0.0");
  options.max_connections_per_peer = 1;
  Rig rig;
  rig.Start({options});
  const std::string address = rig.address();
  const std::string port = address.substr(address.rfind(':'));
  Client first("127.0.0.1" + port, SOCK_STREAM);
  ASSERT_TRUE(rig.events.WaitForOpened(1));
  Client second("127.0.0.1" + port, SOCK_STREAM);
  EXPECT_EQ(rig.events.WaitForClosed().reason, CloseReason::kPeerLimit);
  EXPECT_EQ(rig.server->Status().at(0).connections, 1);
}

TEST(TcpTest, IdleConnectionIsClosed) {
  ListenerOptions options = TcpListener();
  options.idle_timeout = 50ms;
  Rig rig;
  rig.Start({options});
  Client client(rig.address(), SOCK_STREAM);
  EXPECT_EQ(rig.events.WaitForClosed().reason, CloseReason::kIdleTimeout);
  EXPECT_TRUE(client.WaitForClose());
}

TEST(TcpTest, TrickledFrameIsClosedAndItsBeginningKept) {
  ListenerOptions options = TcpListener();
  options.partial_frame_timeout = 50ms;
  Rig rig;
  rig.Start({options});
  Client client(rig.address(), SOCK_STREAM);
  client.Send("<13>never ends");
  EXPECT_EQ(rig.events.WaitForClosed().reason, CloseReason::kPartialFrameTimeout);
  const auto records = rig.sink.WaitFor(1);
  EXPECT_EQ(records[0].message, "never ends");
  EXPECT_NE(records[0].flags & kFlagPartialFrame, 0u);
}

TEST(TcpTest, ReconfigureKeepsConnectionsAndTakesNewLimits) {
  ListenerOptions options = TcpListener();
  Rig rig;
  rig.Start({options});
  const std::string address = rig.address();
  Client client(address, SOCK_STREAM);
  client.Send("<13>before\n");
  rig.sink.WaitFor(1);
  options.max_connections = 1;
  ASSERT_FALSE(rig.server->Reconfigure({options, UdpListener()}, nullptr).has_error());
  EXPECT_EQ(rig.address(), address);
  client.Send("<13>after\n");
  EXPECT_THAT(Messages(rig.sink.WaitFor(2)), ElementsAre("before", "after"));
  Client refused(address, SOCK_STREAM);
  EXPECT_EQ(rig.events.WaitForClosed().reason, CloseReason::kTotalLimit);
  Client(rig.address(1), SOCK_DGRAM).Send("<13>udp");
  EXPECT_EQ(rig.sink.WaitFor(3).size(), 3u);
}

TEST(TcpTest, ReconfigureIsAllOrNone) {
  Rig other;
  other.Start({TcpListener()});
  const std::string taken = other.address();
  Rig rig;
  rig.Start({TcpListener()});
  ListenerOptions bad = TcpListener();
  bad.name = "second";
  bad.port = static_cast<std::uint16_t>(std::stoi(taken.substr(taken.rfind(':') + 1)));
  const auto result = rig.server->Reconfigure({bad, UdpListener()}, nullptr);
  ASSERT_TRUE(result.has_error());
  EXPECT_THAT(result.error().message, HasSubstr("\"second\""));
  ASSERT_EQ(rig.server->Status().size(), 1u);
  Client(rig.address(), SOCK_STREAM).Send("<13>alive\n");
  EXPECT_EQ(rig.sink.WaitFor(1).size(), 1u);
}

TEST(TcpTest, RemovedListenerReadsOutItsConnectionsAndClosesThem) {
  Rig rig;
  rig.Start({TcpListener()});
  Client client(rig.address(), SOCK_STREAM);
  client.Send("<13>sent\n");
  ASSERT_FALSE(rig.server->Reconfigure({}, nullptr).has_error());
  EXPECT_TRUE(client.WaitForClose());
  EXPECT_EQ(rig.sink.WaitFor(1).size(), 1u);
  EXPECT_TRUE(rig.server->Status().empty());
}

TEST(TcpTest, RenamedListenerTakesTheSocketOver) {
  Rig rig;
  rig.Start({TcpListener()});
  ListenerOptions fixed = TcpListener();
  const std::string address = rig.address();
  fixed.name = "fixed";
  fixed.port = static_cast<std::uint16_t>(std::stoi(address.substr(address.rfind(':') + 1)));
  ASSERT_FALSE(rig.server->Reconfigure({}, nullptr).has_error());
  ASSERT_FALSE(rig.server->Reconfigure({fixed}, nullptr).has_error());
  ListenerOptions renamed = fixed;
  renamed.name = "renamed";
  const auto result = rig.server->Reconfigure({renamed}, nullptr);
  ASSERT_FALSE(result.has_error()) << result.error().message;
  Client(address, SOCK_STREAM).Send("<13>x\n");
  EXPECT_EQ(rig.sink.WaitFor(1)[0].listener, "renamed");
}

TEST(TcpTest, DrainReadsEverythingThatWasSent) {
  Rig rig;
  rig.Start({TcpListener()});
  constexpr int kCount = 10'000;
  Client client(rig.address(), SOCK_STREAM);
  std::string stream;
  for (int i = 0; i < kCount; ++i) stream += "<13>" + std::to_string(i) + "\n";
  client.Send(stream + "<13>unfinished");
  rig.server->StopAccepting();
  rig.Drain();
  const auto records = rig.sink.records();
  ASSERT_EQ(records.size(), kCount + 1u);
  EXPECT_NE(records.back().flags & kFlagPartialFrame, 0u);
  EXPECT_EQ(rig.events.WaitForClosed().reason, CloseReason::kDraining);
  EXPECT_TRUE(client.WaitForClose());
}

TEST(TcpTest, DrainWaitsForSpaceInTheQueue) {
  Rig rig({.io_threads = 1});
  rig.Start({TcpListener()});
  rig.sink.SetFull(true);
  Client client(rig.address(), SOCK_STREAM);
  client.Send("<13>a\n");
  rig.sink.WaitForRefusal();
  client.Send("<13>b\n");
  std::thread drain([&] { rig.Drain(); });
  rig.sink.SetFull(false);
  drain.join();
  EXPECT_THAT(Messages(rig.sink.records()), ElementsAre("a", "b"));
}

TEST(TcpTest, DrainGivesUpAtItsDeadlineAndCounts) {
  Rig rig({.io_threads = 1});
  rig.Start({TcpListener()});
  rig.sink.SetFull(true);
  Client client(rig.address(), SOCK_STREAM);
  client.Send("<13>a\n");
  rig.sink.WaitForRefusal();
  rig.Drain(20ms);
  EXPECT_EQ(rig.events.dropped(DropReason::kShutdown), rig.events.received());
  EXPECT_GE(rig.events.received(), 1u);
}

}  // namespace
}  // namespace cistern::testing
