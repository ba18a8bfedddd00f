#include "service/forward/syslog_stream_sink.h"

#include <algorithm>
#include <map>
#include <thread>

#include "tests/unit/service/forward/forward_rig.h"
#include "tests/unit/service/forward/stream_server.h"

namespace cistern {
namespace {

using testing::Records;
using testing::SinkRig;
using testing::StreamServer;
using testing::SyslogTo;
using ::testing::Test;
using testing::Texts;
using testing::Unframe;

constexpr std::uint64_t kWindow = 1 << 20;

v1::Target WithWindow(v1::Target target, std::uint64_t window = kWindow) {
  target.mutable_syslog()->set_resend_window(window);
  return target;
}

// How often each message arrived.
std::map<std::string, int> Counts(const std::vector<std::string>& messages) {
  std::map<std::string, int> counts;
  for (const std::string& message : messages) ++counts[message];
  return counts;
}

std::uint64_t RepeatedBytes(const std::map<std::string, int>& counts) {
  std::uint64_t bytes = 0;
  for (const auto& [text, count] : counts) bytes += text.size() * static_cast<std::uint64_t>(count - 1);
  return bytes;
}

// An address where nobody listens.
std::string DeadAddress() {
  StreamServer gone;
  return gone.address();
}

TEST(SyslogStreamSink, OctetCountedMessagesArriveInOrder) {
  StreamServer server;
  SinkRig rig(SyslogTo({server.address()}));
  Records records;
  records.Add("<13>1 - host app - - - a\nb");
  records.AddNumbered(5000, 120);
  const Delivery delivery = rig.Offer(records);
  EXPECT_FALSE(delivery.failure) << delivery.failure->text;
  EXPECT_EQ(delivery.taken, records.all().size());
  EXPECT_EQ(rig.sink->endpoint(), server.address());
  rig.Close();
  EXPECT_EQ(Unframe(server.all()), Texts(records));
  EXPECT_EQ(server.all().size(), delivery.bytes);
  EXPECT_EQ(rig.sink->endpoint(), "");
}

TEST(SyslogStreamSink, LfFramingTurnsLineEndsIntoSpaces) {
  StreamServer server;
  auto target = SyslogTo({server.address()});
  target.mutable_syslog()->set_framing("lf");
  SinkRig rig(target);
  Records records;
  for (const char* text :
       {"<13>1 - h a - - - one", "<13>1 - h a - - - two\nlines", "<13>1 - h a - - - x\r\n\ny"})
    records.Add(text);
  rig.Offer(records);
  rig.Close();
  EXPECT_EQ(server.all(), "<13>1 - h a - - - one\n<13>1 - h a - - - two lines\n<13>1 - h a - - - x   y\n");
}

TEST(SyslogStreamSink, RefusalSaysWhere) {
  const std::string address = DeadAddress();
  SinkRig rig(SyslogTo({address}));
  Records records;
  records.AddNumbered(1);
  const Delivery delivery = rig.Offer(records);
  ASSERT_TRUE(delivery.failure);
  EXPECT_EQ(delivery.failure->reason, FailureReason::kConnect);
  EXPECT_EQ(delivery.failure->text, "connect to " + address + ": refused");
  EXPECT_EQ(delivery.taken, 0u);
}

TEST(SyslogStreamSink, StepsAreReported) {
  StreamServer server;
  SinkRig rig(SyslogTo({"localhost:" + std::to_string(server.port())}), "", /*test=*/true);
  Records records;
  records.AddNumbered(1);
  EXPECT_FALSE(rig.Offer(records).failure);
  std::vector<std::string> steps;
  for (const StepReport& step : rig.steps) steps.push_back(step.step);
  const std::string name = "localhost:" + std::to_string(server.port());
  EXPECT_EQ(steps, (std::vector<std::string>{"resolve localhost", "connect to " + server.address(),
                                             "send to " + name, "end the connection to " + name}));
}

TEST(SyslogStreamSink, OwnAddressIsALoop) {
  StreamServer server;
  SinkRig rig(SyslogTo({server.address()}));
  rig.own_protocol = "tcp";
  rig.own_port = server.port();
  Records records;
  records.AddNumbered(1);
  const Delivery delivery = rig.Offer(records);
  ASSERT_TRUE(delivery.failure);
  EXPECT_EQ(delivery.failure->reason, FailureReason::kLoop);
  rig.Close();
  EXPECT_EQ(server.all(), "");
}

// A server that stopped reading, and more records than fit between it and the sink.
class HungServer : public Test {
 protected:
  HungServer() { records_.AddNumbered(12000, 2000); }
  void StopWhenItHangs() {
    std::thread stopper([this] {
      server_.WaitFor([](const auto& received) { return !received.empty() && received[0].size() >= 1000; });
      rig_.stop.Request();
    });
    delivery_ = rig_.Offer(records_);
    stopper.join();
    ASSERT_TRUE(delivery_.failure);
    EXPECT_EQ(delivery_.failure->reason, FailureReason::kStopped);
    EXPECT_LT(delivery_.taken, records_.all().size());
  }

  StreamServer server_{{.hang_after = 1000}};
  SinkRig rig_{WithWindow(SyslogTo({server_.address()}))};
  Records records_;
  Delivery delivery_;
};

TEST_F(HungServer, StopEndsTheWait) {
  StopWhenItHangs();
  rig_.sink->Close(std::chrono::steady_clock::now());
  const auto resume = rig_.sink->ResumeBehind();
  ASSERT_TRUE(resume);
  EXPECT_LT(ToInt(*resume), delivery_.taken);
  EXPECT_EQ(rig_.sink->SaveState(), std::to_string(ToInt(*resume)));
}

TEST_F(HungServer, CloseSendsTheRestOnceItReadsAgain) {
  StopWhenItHangs();
  server_.Wake();
  rig_.Close();
  EXPECT_FALSE(rig_.sink->ResumeBehind());
  auto expected = Texts(records_);
  expected.resize(delivery_.taken);
  EXPECT_EQ(Unframe(server_.all()), expected);
}

// Orders such as the retry of dead letters end a wait, too; the sink goes on afterwards.
TEST_F(HungServer, DeliveryGoesOnAfterAStopWithoutRepeats) {
  StopWhenItHangs();
  server_.Wake();
  rig_.stop.Clear();
  const auto resume = rig_.sink->ResumeBehind();
  EXPECT_FALSE(rig_.Offer(records_, resume ? ToInt(*resume) : delivery_.taken).failure);
  rig_.Close();
  EXPECT_EQ(Unframe(server_.all()), Texts(records_));
}

TEST_F(HungServer, TimesOut) {
  auto target = WithWindow(SyslogTo({server_.address()}));
  target.mutable_syslog()->set_write_timeout(50'000'000);
  SinkRig rig(target);
  const Delivery delivery = rig.Offer(records_);
  ASSERT_TRUE(delivery.failure);
  EXPECT_EQ(delivery.failure->reason, FailureReason::kTimeout);
  EXPECT_EQ(rig.sink->endpoint(), "");
}

TEST(SyslogStreamSink, ResetInTheMiddleSendsTheWindowAgain) {
  StreamServer server({.reset_after = 3 << 20});
  SinkRig rig(WithWindow(SyslogTo({server.address()}), 8 << 20));
  Records records;
  records.AddNumbered(12000, 1000);
  EXPECT_FALSE(rig.OfferAgain(records, 3).failure);
  rig.Close();
  const auto received = server.received();
  ASSERT_EQ(received.size(), 2u);
  auto messages = Unframe(received[0]);
  const auto second = Unframe(received[1]);
  EXPECT_TRUE(std::is_sorted(second.begin(), second.end()));
  messages.insert(messages.end(), second.begin(), second.end());
  const auto counts = Counts(messages);
  EXPECT_EQ(counts.size(), records.all().size());
  EXPECT_LE(RepeatedBytes(counts), 8u << 20);
}

TEST(SyslogStreamSink, NothingIsSentAgainWithoutAWindow) {
  StreamServer server({.reset_after = 3 << 20});
  SinkRig rig(WithWindow(SyslogTo({server.address()}), 0));
  Records records;
  records.AddNumbered(12000, 1000);
  EXPECT_FALSE(rig.OfferAgain(records, 3).failure);
  EXPECT_FALSE(rig.sink->ResumeBehind());
  rig.Close();
  const auto received = server.received();
  ASSERT_EQ(received.size(), 2u);
  auto messages = Unframe(received[0]);
  const auto second = Unframe(received[1]);
  messages.insert(messages.end(), second.begin(), second.end());
  EXPECT_EQ(RepeatedBytes(Counts(messages)), 0u);
}

TEST(SyslogStreamSink, NewSinkResumesWhereTheStateSays) {
  StreamServer server;
  const auto target = WithWindow(SyslogTo({server.address()}), 64 << 10);
  SinkRig rig(target);
  Records records;
  records.AddNumbered(3000, 100);
  EXPECT_FALSE(rig.Offer(records).failure);
  const std::string state = rig.sink->SaveState();
  const auto id = std::stoull(state);
  EXPECT_LT(id, 3000u);
  EXPECT_GT(id, 3000u - 64 * 1024 / 100);
  rig.Renew(state);
  EXPECT_EQ(rig.sink->ResumeBehind(), RecordId{id});
  EXPECT_EQ(rig.sink->SaveState(), state);
  EXPECT_FALSE(rig.Offer(records, id).failure);
  EXPECT_EQ(rig.sink->ResumeBehind(), RecordId{id});
  rig.Close();
  EXPECT_FALSE(rig.sink->ResumeBehind());
  EXPECT_EQ(rig.sink->SaveState(), "");
}

TEST(SyslogStreamSink, IdleFindsThatTheOtherSideLeft) {
  StreamServer server;
  SinkRig rig(SyslogTo({server.address()}));
  Records records;
  records.AddNumbered(10);
  EXPECT_FALSE(rig.Offer(records).failure);
  EXPECT_FALSE(rig.sink->Idle(rig.stop));
  server.Close();
  std::optional<Failure> failure;
  while (!failure) failure = rig.sink->Idle(rig.stop);
  EXPECT_EQ(failure->reason, FailureReason::kClosed);
  EXPECT_EQ(rig.sink->ResumeBehind(), RecordId{0});
}

TEST(SyslogStreamSink, FailoverTakesTheFirstThatAnswers) {
  const std::string dead = DeadAddress();
  StreamServer second;
  SinkRig rig(SyslogTo({dead, second.address()}));
  Records records;
  records.AddNumbered(100);
  EXPECT_FALSE(rig.Offer(records).failure);
  EXPECT_EQ(rig.sink->endpoint(), second.address());
  // The first is back, and the second goes away.
  StreamServer first({.port = static_cast<std::uint16_t>(std::stoi(dead.substr(dead.find(':') + 1)))});
  second.Close();
  while (!rig.sink->Idle(rig.stop)) {
  }
  EXPECT_FALSE(rig.OfferAgain(records, 1).failure);
  EXPECT_EQ(rig.sink->endpoint(), first.address());
  rig.Close();
  EXPECT_EQ(Unframe(first.all()), Texts(records));
}

TEST(SyslogStreamSink, FailoverNamesAllThatFailed) {
  const std::string one = DeadAddress(), other = DeadAddress();
  SinkRig rig(SyslogTo({one, other}));
  Records records;
  records.AddNumbered(1);
  const Delivery delivery = rig.Offer(records);
  ASSERT_TRUE(delivery.failure);
  EXPECT_EQ(delivery.failure->text, "connect to " + one + ": refused; connect to " + other + ": refused");
}

v1::Target Balanced(const std::vector<std::string>& addresses) {
  auto target = SyslogTo(addresses);
  target.mutable_syslog()->set_group("balance");
  return WithWindow(target, 8 << 20);
}

TEST(SyslogStreamSink, BalanceUsesAllAddresses) {
  StreamServer one, other;
  SinkRig rig(Balanced({one.address(), DeadAddress(), other.address()}));
  Records records;
  records.AddNumbered(4000, 1000);
  EXPECT_FALSE(rig.Offer(records, 0, 100).failure);
  rig.Close();
  auto messages = Unframe(one.all()), rest = Unframe(other.all());
  EXPECT_TRUE(std::is_sorted(messages.begin(), messages.end()));
  EXPECT_TRUE(std::is_sorted(rest.begin(), rest.end()));
  EXPECT_GE(messages.size(), 200u);
  EXPECT_GE(rest.size(), 200u);
  messages.insert(messages.end(), rest.begin(), rest.end());
  std::sort(messages.begin(), messages.end());
  EXPECT_EQ(messages, Texts(records));
}

TEST(SyslogStreamSink, BalanceGivesTheOthersWhatABrokenMemberLost) {
  StreamServer one({.reset_after = 1 << 20}), other;
  SinkRig rig(Balanced({one.address(), other.address()}));
  Records records;
  records.AddNumbered(9000, 1000);
  EXPECT_FALSE(rig.OfferAgain(records, 5, 300).failure);
  rig.Close();
  EXPECT_FALSE(rig.sink->ResumeBehind());
  const auto steady = Unframe(other.all());
  EXPECT_EQ(RepeatedBytes(Counts(steady)), 0u) << "what arrived there was sent there again";
  auto messages = steady;
  for (const std::string& octets : one.received())
    for (std::string& message : Unframe(octets)) messages.push_back(std::move(message));
  EXPECT_EQ(Counts(messages).size(), records.all().size());
}

TEST(SyslogStreamSink, BalanceGoesOnBesideAHungMember) {
  StreamServer hung({.hang_after = 1000}), other;
  auto target = Balanced({hung.address(), other.address()});
  target.mutable_syslog()->set_write_timeout(60'000'000'000);
  SinkRig rig(target);
  Records records;
  records.AddNumbered(60000, 1000);
  EXPECT_FALSE(rig.Offer(records).failure);
  EXPECT_GT(other.all().size(), 30u << 20);
  hung.Wake();
  rig.Close();
  EXPECT_FALSE(rig.sink->ResumeBehind());
  auto messages = Unframe(other.all());
  for (std::string& message : Unframe(hung.all())) messages.push_back(std::move(message));
  const auto counts = Counts(messages);
  EXPECT_EQ(counts.size(), records.all().size());
  EXPECT_EQ(RepeatedBytes(counts), 0u);
}

TEST(SyslogStreamSink, BalanceGivesUpAHungMember) {
  StreamServer hung({.hang_after = 1000}), other;
  auto target = Balanced({hung.address(), other.address()});
  target.mutable_syslog()->set_write_timeout(2'000'000'000);  // the sound one is never that slow
  target.mutable_retry()->set_initial(3'600'000'000'000);
  target.mutable_retry()->set_max(3'600'000'000'000);
  SinkRig rig(target);
  Records records;
  records.AddNumbered(40000, 1000);
  ASSERT_FALSE(rig.OfferAgain(records, 2).failure);
  while (rig.sink->endpoint() != other.address()) rig.sink->Idle(rig.stop);
  EXPECT_FALSE(rig.OfferAgain(records, 2).failure);
  rig.Close();
  const auto counts = Counts(Unframe(other.all()));
  EXPECT_EQ(RepeatedBytes(counts), 0u);
  EXPECT_GE(counts.size(), records.all().size() - 8000) << "all but what is older than the window";
}

}  // namespace
}  // namespace cistern
