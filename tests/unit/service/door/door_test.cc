#include "service/door/door.h"

#include <gtest/gtest.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include <condition_variable>
#include <cstring>
#include <mutex>
#include <vector>

#include "ingest/net/socket_util.h"
#include "service/door/hpack.h"
#include "service/door/http2_guard.h"
#include "tests/unit/service/door/frames.h"

namespace cistern {
namespace {

using namespace http2;  // NOLINT: frames are what this is about
using std::chrono::seconds;

constexpr char kFields[] = "\x83\x10\x01n\x02vv";

// A socket whose calls wait, but not for ever.
class Plug {
 public:
  explicit Plug(int fd) : fd_(fd) {}
  int get() const { return fd_.get(); }
  void Say(std::string_view octets) {
    while (!octets.empty()) {
      Await(POLLOUT);
      const ssize_t sent = ::send(get(), octets.data(), octets.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
      if (sent <= 0) return;
      octets.remove_prefix(static_cast<std::size_t>(sent));
    }
  }
  // So many octets, or those before the end.
  std::string Hear(std::size_t count) {
    std::string out;
    while (out.size() < count && Await(POLLIN)) {
      char buffer[4096];
      const std::size_t room = std::min(sizeof buffer, count - out.size());
      const ssize_t got = ::recv(get(), buffer, room, MSG_DONTWAIT);
      if (got <= 0) break;
      out.append(buffer, static_cast<std::size_t>(got));
    }
    return out;
  }
  std::string HearAll() { return Hear(1u << 30); }

 private:
  bool Await(short what) const {
    pollfd poll{get(), what, 0};
    return ::poll(&poll, 1, 20'000) == 1;
  }
  UniqueFd fd_;
};

// The test plays the client, and gRPC.
class DoorTest : public testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(door_->Bind());
    door_->Open([this](int fd) {
      const std::lock_guard lock(mutex_);
      handed_over_.push_back(fd);
      came_.notify_all();
    });
  }
  void TearDown() override { door_->Close(); }

  Plug Connect() {
    const int fd = ::socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    const std::string bound = door_->address();
    address.sin_port = htons(static_cast<std::uint16_t>(std::stoi(bound.substr(bound.rfind(':') + 1))));
    EXPECT_EQ(::connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
    return Plug(fd);
  }
  // gRPC's end of the next connection, which has greeted.
  Plug Guest() {
    std::unique_lock lock(mutex_);
    EXPECT_TRUE(came_.wait_for(lock, seconds(20), [this] { return taken_ < handed_over_.size(); }));
    Plug plug(handed_over_.at(taken_++));
    plug.Say(MakeFrame(kSettings));
    return plug;
  }
  std::size_t handed_over() {
    const std::lock_guard lock(mutex_);
    return handed_over_.size();
  }
  std::uint64_t refused(DoorRefusal why) const {
    return door_->figures().refused[static_cast<std::size_t>(why)];
  }

  Visitors visitors_;
  std::mutex mutex_;
  std::condition_variable came_;
  std::vector<int> handed_over_;
  std::size_t taken_ = 0;
  CallCounts calls_;
  std::unique_ptr<Door> door_ = Door::Create("127.0.0.1:0", std::nullopt, visitors_, calls_);
};

TEST_F(DoorTest, BringsAClientToGrpcAndSaysWhoItIs) {
  Plug client = Connect();
  client.Say(Hello() + MakeFrame(kHeaders, kEndHeaders, 1, kFields));
  Plug server = Guest();
  EXPECT_EQ(client.Hear(9), MakeFrame(kSettings));
  const std::string before = Hello() + MakeFrame(kSettings, kAck);
  EXPECT_EQ(server.Hear(before.size()), before);
  const std::string head = HpackField(visitors_.mark_name(), std::string(32, ' '));
  const std::string call = server.Hear(9 + std::strlen(kFields) + head.size());
  const std::string value = call.substr(call.size() - std::min<std::size_t>(call.size(), 32));
  EXPECT_EQ(call, MakeFrame(kHeaders, kEndHeaders, 1, kFields + HpackField(visitors_.mark_name(), value)));
  const VisitorPtr visitor = visitors_.Find(value);
  ASSERT_TRUE(visitor);
  EXPECT_EQ(visitor->address.ToString(), "127.0.0.1");
  EXPECT_EQ(visitor->port, BoundPort(client.get()));
  EXPECT_FALSE(visitor->tls);

  const std::string large = MakeFrame(kData, 0, 1, std::string(1 << 20, 'x'));
  client.Say(large);
  EXPECT_EQ(server.Hear(large.size()), large);
  server.Say(large);
  EXPECT_EQ(client.Hear(large.size()), large);
}

TEST_F(DoorTest, AnEndIsPassedOn) {
  auto client = std::make_unique<Plug>(Connect());
  client->Say(Hello());
  Plug server = Guest();
  client.reset();
  EXPECT_EQ(server.HearAll(), Hello() + MakeFrame(kSettings, kAck));

  Plug other = Connect();
  other.Say(Hello());
  Guest().Say(MakeFrame(kGoAway, 0, 0, "12345678"));  // and closes
  EXPECT_EQ(other.HearAll(), MakeFrame(kSettings) + MakeFrame(kGoAway, 0, 0, "12345678"));
}

TEST_F(DoorTest, OtherProtocolsDoNotReachGrpc) {
  Plug client = Connect();
  client.Say("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
  const std::string answer = client.HearAll();
  EXPECT_NE(answer.find(TextOf(Http2Abuse::kNotHttp2)), std::string::npos);
  EXPECT_EQ(refused(DoorRefusal::kNotHttp2), 1u);
  EXPECT_EQ(handed_over(), 0u);
}

TEST_F(DoorTest, AnAbuserIsToldAndCut) {
  Plug client = Connect();
  client.Say(Hello());
  Plug server = Guest();
  EXPECT_EQ(client.Hear(9), MakeFrame(kSettings));
  std::string flood;
  for (std::uint32_t stream = 1; stream < 10'000; stream += 2)
    flood += MakeFrame(kHeaders, kEndHeaders, stream, kFields) + MakeFrame(kResetStream, 0, stream, "1234");
  client.Say(flood);
  const std::string answer = client.HearAll();
  EXPECT_NE(answer.find(TextOf(Http2Abuse::kResets)), std::string::npos) << testing::PrintToString(answer);
  server.HearAll();  // ends
  EXPECT_EQ(refused(DoorRefusal::kResets), 1u);
}

TEST_F(DoorTest, ThoseWhoAskNothingMakeRoom) {
  rlimit limit{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &limit), 0);
  if (limit.rlim_max < 4096) GTEST_SKIP() << "too few descriptors";
  limit.rlim_cur = limit.rlim_max;
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &limit), 0);
  Plug caller = Connect();
  caller.Say(Hello() + MakeFrame(kHeaders, kEndHeaders, 1, kFields));
  Plug server = Guest();
  EXPECT_EQ(caller.Hear(9), MakeFrame(kSettings));
  std::vector<Plug> idle;
  for (int i = 0; i < Door::kMaxConnections; ++i) idle.push_back(Connect());
  EXPECT_EQ(idle.front().HearAll(), "") << "the longest idle";
  EXPECT_EQ(refused(DoorRefusal::kTooMany), 1u);
  server.Say(MakeFrame(kPing, 0, 0, "12345678"));
  EXPECT_EQ(caller.Hear(17), MakeFrame(kPing, 0, 0, "12345678")) << "who has a call stays";
}

TEST_F(DoorTest, ATakenPortIsAnError) {
  const auto second = Door::Create(door_->address(), std::nullopt, visitors_, calls_);
  const auto bound = second->Bind();
  ASSERT_FALSE(bound);
  EXPECT_EQ(bound.error(),
            "control.address: cannot listen on " + door_->address() + ": Address already in use");
}

TEST_F(DoorTest, LastWordsLeaveBeforeTheDoorCloses) {
  Plug client = Connect();
  client.Say(Hello());
  Guest().Say(MakeFrame(kGoAway, 0, 0, "12345678"));
  door_->Close();
  EXPECT_EQ(client.HearAll(), MakeFrame(kSettings) + MakeFrame(kGoAway, 0, 0, "12345678"));
}

}  // namespace
}  // namespace cistern
