#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

#include "ingest/net/socket_util.h"
#include "proto/convert/utf8.h"
#include "service/forward/syslog_messages.h"
#include "tests/unit/service/forward/forward_rig.h"

namespace cistern {
namespace {

using testing::Records;
using testing::SinkRig;
using testing::SyslogTo;
using testing::Texts;

class Receiver {
 public:
  Receiver() : fd_(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    EXPECT_EQ(bind(fd_.get(), reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
    const int octets = 4 << 20;
    setsockopt(fd_.get(), SOL_SOCKET, SO_RCVBUF, &octets, sizeof octets);
    port_ = BoundPort(fd_.get());
  }
  std::string address() const { return "127.0.0.1:" + std::to_string(port_); }
  std::uint16_t port() const { return port_; }
  void Close() { fd_ = UniqueFd(); }
  // What has arrived: on the loopback interface that is what was sent.
  std::vector<std::string> Take() {
    std::vector<std::string> datagrams;
    std::string buffer(65536, '\0');
    ssize_t got;
    while ((got = recv(fd_.get(), buffer.data(), buffer.size(), MSG_DONTWAIT)) >= 0)
      datagrams.push_back(buffer.substr(0, static_cast<std::size_t>(got)));
    return datagrams;
  }

 private:
  UniqueFd fd_;
  std::uint16_t port_;
};

v1::Target UdpTo(const std::vector<std::string>& addresses) {
  auto target = SyslogTo(addresses);
  target.mutable_syslog()->set_transport("udp");
  return target;
}

TEST(SyslogDatagramSink, OneMessageADatagram) {
  Receiver receiver;
  SinkRig rig(UdpTo({receiver.address()}));
  Records records;
  records.AddNumbered(300, 200);
  const Delivery delivery = rig.Offer(records);
  EXPECT_FALSE(delivery.failure);
  EXPECT_EQ(receiver.Take(), Texts(records));
  EXPECT_EQ(rig.sink->endpoint(), receiver.address());
  EXPECT_FALSE(rig.sink->ResumeBehind());
}

TEST(SyslogDatagramSink, LongMessagesAreCutBetweenCharacters) {
  Receiver receiver;
  auto target = UdpTo({receiver.address()});
  target.mutable_syslog()->set_max_datagram(480);
  SinkRig rig(target);
  Records records;
  std::string text = "<13>1 - host app - - - ";
  text += std::string(478 - text.size(), 'x');
  records.Add(text + "\u20ac and more");
  records.Add(text + "yz");
  EXPECT_FALSE(rig.Offer(records).failure);
  EXPECT_EQ(receiver.Take(), (std::vector<std::string>{text, text + "yz"}));
}

TEST(SyslogDatagramSink, RefusalIsAFailureAndNothingIsSentTwice) {
  Receiver receiver;
  SinkRig rig(UdpTo({receiver.address()}));
  Records records;
  records.AddNumbered(10);
  EXPECT_FALSE(rig.Offer(records).failure);
  EXPECT_EQ(receiver.Take().size(), 10u);
  receiver.Close();
  Delivery delivery = rig.Offer(records);  // what went out before the refusal came
  if (!delivery.failure) delivery = rig.Offer(records);
  ASSERT_TRUE(delivery.failure);
  EXPECT_EQ(delivery.failure->reason, FailureReason::kConnect);
  EXPECT_EQ(delivery.failure->text, "send to " + receiver.address() + ": refused");
  EXPECT_EQ(delivery.taken, 0u);
  EXPECT_FALSE(rig.sink->ResumeBehind());
  // A new socket tries with one datagram.
  const Delivery again = rig.Offer(records);
  ASSERT_TRUE(again.failure);
  EXPECT_LE(again.taken, 1u);
}

TEST(SyslogDatagramSink, RefusedAddressIsLeftOut) {
  Receiver one, other;
  auto target = UdpTo({one.address(), other.address()});
  target.mutable_syslog()->set_group("balance");
  target.mutable_retry()->set_initial(3'600'000'000'000);
  target.mutable_retry()->set_max(3'600'000'000'000);
  SinkRig rig(target);
  Records records;
  records.AddNumbered(256);
  EXPECT_FALSE(rig.Offer(records).failure);
  EXPECT_EQ(one.Take().size(), 128u);
  EXPECT_EQ(other.Take().size(), 128u);
  one.Close();
  std::uint64_t taken = 0;
  while (taken < 256) taken += rig.Offer(records, taken).taken;
  // What was on its way to the closed port is gone: at most two batches.
  EXPECT_GE(other.Take().size(), 128u);
  EXPECT_FALSE(rig.Offer(records).failure);
  EXPECT_EQ(other.Take(), Texts(records));
}

TEST(SyslogDatagramSink, OwnAddressIsALoop) {
  Receiver receiver;
  SinkRig rig(UdpTo({receiver.address()}));
  rig.own_protocol = "udp";
  rig.own_port = receiver.port();
  Records records;
  records.AddNumbered(1);
  const Delivery delivery = rig.Offer(records);
  ASSERT_TRUE(delivery.failure);
  EXPECT_EQ(delivery.failure->reason, FailureReason::kLoop);
  EXPECT_TRUE(receiver.Take().empty());
}

TEST(CutUtf8, KeepsWholeCharacters) {
  EXPECT_EQ(CutUtf8("abc", 3), 3u);
  EXPECT_EQ(CutUtf8("a\u20acb", 4), 4u);
  EXPECT_EQ(CutUtf8("a\u20acb", 3), 1u);
  EXPECT_EQ(CutUtf8("a\u20acb", 2), 1u);
  EXPECT_EQ(CutUtf8("\U0001f600b", 3), 0u);
  EXPECT_EQ(CutUtf8("\x80\x80\x80\x80\x80\x80", 5), 5u) << "not UTF-8: cut anywhere";
}

}  // namespace
}  // namespace cistern
