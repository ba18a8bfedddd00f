#include "service/door/http2_guard.h"

#include <gtest/gtest.h>

#include "tests/unit/service/door/frames.h"

namespace cistern {
namespace {

using namespace http2;  // NOLINT: frames are what this is about

constexpr char kMark[] = "\x10\x01m\x01v";
constexpr char kFields[] = "\x83\x10\x01n\x02vv";

class Http2GuardTest : public testing::Test {
 protected:
  // What goes on to the server.
  std::string Client(std::string_view octets) {
    std::string out;
    abuse_ = guard_.FromClient(octets, now_, out);
    return out;
  }
  void Server(std::string_view octets) { abuse_ = guard_.FromServer(octets, now_); }
  void Greet() { Client(Hello()); }
  std::string Call(std::uint32_t stream, std::uint8_t flags = kEndHeaders) {
    return MakeFrame(kHeaders, flags, stream, kFields);
  }
  std::string Marked(std::uint32_t stream, std::uint8_t flags = kEndHeaders) {
    return MakeFrame(kHeaders, flags, stream, std::string(kFields) + kMark);
  }

  CallCounts calls_;
  Http2Guard guard_{kMark, calls_};
  Http2Guard::Clock::time_point now_ = Http2Guard::Clock::now();
  std::optional<Http2Abuse> abuse_;
};

TEST_F(Http2GuardTest, AcknowledgesTheServersSettingsInTheClientsPlace) {
  EXPECT_EQ(Client(Hello()), Hello() + MakeFrame(kSettings, kAck));
  EXPECT_TRUE(guard_.greeted());
  EXPECT_EQ(Client(MakeFrame(kSettings, kAck)), "") << "the server has had it";
  EXPECT_EQ(Client(MakeFrame(kSettings, kAck)), MakeFrame(kSettings, kAck)) << "for later SETTINGS";
}

TEST_F(Http2GuardTest, TakesPiecesOfAnySize) {
  const std::string octets = Hello() + Call(1) + MakeFrame(kData, kEndStream, 1, "message");
  std::string out;
  for (const char octet : octets) {
    ASSERT_FALSE(guard_.FromClient({&octet, 1}, now_, out));
  }
  EXPECT_EQ(out,
            Hello() + MakeFrame(kSettings, kAck) + Marked(1) + MakeFrame(kData, kEndStream, 1, "message"));
}

TEST_F(Http2GuardTest, OtherProtocolsAreRefused) {
  for (const std::string& octets :
       {std::string("GET / HTTP/1.1\r\n"), std::string("\x16\x03\x01"), std::string(kPreface) + Call(1),
        std::string(kPreface) + MakeFrame(kSettings, kAck),
        Hello() + MakeFrame(kPush, kEndHeaders, 1, "1234x"),
        Hello() + MakeFrame(kContinuation, kEndHeaders, 1, kFields), Hello() + Call(2), Hello() + Call(0),
        Hello() + MakeFrame(kHeaders, 0, 1, "a") + MakeFrame(kPing, 0, 0, "12345678"),
        Hello() + MakeFrame(kHeaders, 0, 1, "a") + MakeFrame(kContinuation, kEndHeaders, 3, "b"),
        Hello() + MakeFrame(kHeaders, 0, 1, "a") + Call(1),
        Hello() + MakeFrame(kSettings, 0, 0, std::string(16385, 'x')),
        Hello() + MakeFrame(kHeaders, kEndHeaders | kPadded, 1,
                            "\x05"
                            "ab"),
        Hello() + MakeFrame(kHeaders, kEndHeaders | kPadded, 1),
        Hello() + MakeFrame(kHeaders, kEndHeaders | kHasPriority, 1, "1234")}) {
    Http2Guard guard(kMark, calls_);
    std::string out;
    EXPECT_EQ(guard.FromClient(octets, now_, out), Http2Abuse::kNotHttp2) << testing::PrintToString(octets);
  }
}

TEST_F(Http2GuardTest, HeaderBlocksArriveWholeAndMarked) {
  Greet();
  EXPECT_EQ(Client(MakeFrame(kHeaders, kEndStream, 1, "\x10\x01") + MakeFrame(kContinuation, 0, 1, "n\x02v")),
            "");
  EXPECT_EQ(Client(MakeFrame(kContinuation, kEndHeaders, 1, "v")),
            MakeFrame(kHeaders, kEndStream | kEndHeaders, 1, std::string("\x10\x01n\x02vv") + kMark));
}

TEST_F(Http2GuardTest, PaddingAndPriorityAreLeftOut) {
  Greet();
  const std::string payload = std::string("\x03", 1) + "PRIOR" + kFields + std::string(3, '\0');
  EXPECT_EQ(Client(MakeFrame(kHeaders, kEndHeaders | kPadded | kHasPriority, 1, payload)), Marked(1));
  EXPECT_EQ(Client(MakeFrame(kPriority, 0, 1, "PRIOR") + MakeFrame(77, 0, 1, "unknown")), "");
}

// A text that claims the octets of the mark as its own would hide whose call it is.
TEST_F(Http2GuardTest, NoFieldReachesIntoTheMark) {
  Greet();
  EXPECT_EQ(Client(MakeFrame(kHeaders, kEndHeaders, 1, "\x10\x01n\x07vv")), "");
  EXPECT_EQ(abuse_, Http2Abuse::kNotHttp2);
}

TEST_F(Http2GuardTest, ABlockThatGrowsByItsMarkIsCutInTwo) {
  Greet();
  const std::string fields(Http2Guard::kMaxHeaderBlock, '\x83');
  EXPECT_EQ(Client(MakeFrame(kHeaders, kEndHeaders, 1, fields)),
            MakeFrame(kHeaders, 0, 1, fields) + MakeFrame(kContinuation, kEndHeaders, 1, kMark));
  EXPECT_FALSE(abuse_);
}

TEST_F(Http2GuardTest, HeaderBlocksHaveABound) {
  Greet();
  const std::string half(Http2Guard::kMaxHeaderBlock / 2, 'x');
  Client(MakeFrame(kHeaders, 0, 1, half) + MakeFrame(kContinuation, 0, 1, half));
  ASSERT_FALSE(abuse_);
  EXPECT_EQ(Client(MakeFrame(kContinuation, 0, 1, "x")), "");
  EXPECT_EQ(abuse_, Http2Abuse::kHeaderSize);
}

TEST_F(Http2GuardTest, ALongHeaderIsRefusedByItsLength) {
  Greet();
  Client(MakeFrame(kHeaders, 0, 1, std::string(70'000, 'x')).substr(0, 9));
  EXPECT_EQ(abuse_, Http2Abuse::kHeaderSize);
}

TEST_F(Http2GuardTest, PiecesOfABlockHaveABound) {
  Greet();
  Client(MakeFrame(kHeaders, 0, 1, "a"));
  for (int i = 0; i < Http2Guard::kMaxHeaderPieces && !abuse_; ++i) Client(MakeFrame(kContinuation, 0, 1));
  EXPECT_EQ(abuse_, Http2Abuse::kHeaderSize);
}

TEST_F(Http2GuardTest, StreamsEndInManyWays) {
  Greet();
  Client(Call(1) + Call(3) + Call(5) + Call(7) + Call(7));
  EXPECT_EQ(guard_.open_streams(), 4u);
  Server(MakeFrame(kSettings) + MakeFrame(kHeaders, kEndHeaders, 1, "x") +
         MakeFrame(kData, kEndStream, 1, "y"));
  EXPECT_EQ(guard_.open_streams(), 3u);
  Server(MakeFrame(kHeaders, kEndHeaders | kEndStream, 3, "x"));
  EXPECT_EQ(guard_.open_streams(), 2u);
  Server(MakeFrame(kResetStream, 0, 5, Number(8, 4)));
  EXPECT_EQ(guard_.open_streams(), 1u);
  Client(MakeFrame(kResetStream, 0, 7, Number(8, 4)));
  EXPECT_EQ(guard_.open_streams(), 0u);
}

TEST_F(Http2GuardTest, CallsAreCountedByHowTheyEnd) {
  const auto fields = [](char status) { return std::string("\x88\x10\x0bgrpc-status\x01", 15) + status; };
  {
    Http2Guard guard(kMark, calls_);
    std::string out;
    std::string calls = Hello();
    for (std::uint32_t stream = 1; stream <= 17; stream += 2) calls += Call(stream);
    ASSERT_FALSE(guard.FromClient(calls + MakeFrame(kResetStream, 0, 13, Number(8, 4)), now_, out));
    ASSERT_FALSE(guard.FromServer(
        MakeFrame(kSettings) + MakeFrame(kHeaders, kEndHeaders, 1, "\x88") + MakeFrame(kData, 0, 1, "x") +
            MakeFrame(kHeaders, kEndHeaders | kEndStream, 1, fields('0')) +
            MakeFrame(kHeaders, kEndStream, 3, fields('8').substr(0, 7)) +
            MakeFrame(kContinuation, kEndHeaders, 3, fields('8').substr(7)) +
            MakeFrame(kHeaders, kEndHeaders | kEndStream, 5, "\x88") + MakeFrame(kData, kEndStream, 7, "x") +
            MakeFrame(kResetStream, 0, 9, Number(7, 4)) + MakeFrame(kResetStream, 0, 11, Number(11, 4)) +
            MakeFrame(kResetStream, 0, 11, Number(11, 4)) + MakeFrame(kResetStream, 0, 13, Number(8, 4)),
        now_));
    EXPECT_EQ(guard.open_streams(), 2u);
  }
  std::array<std::uint64_t, kStatusCodes> expected{};
  expected[0] = 1;   // OK
  expected[1] = 3;   // CANCELLED: one by the client, two open at the end
  expected[2] = 2;   // UNKNOWN: nothing was said
  expected[8] = 2;   // RESOURCE_EXHAUSTED
  expected[14] = 1;  // UNAVAILABLE
  EXPECT_EQ(calls_.Read(), expected);
}

TEST_F(Http2GuardTest, RapidResetsEndTheConnection) {
  Greet();
  std::uint32_t stream = 1;
  int resets = 0;
  for (; !abuse_ && resets < 10'000; ++resets, stream += 2)
    Client(Call(stream) + MakeFrame(kResetStream, 0, stream, Number(8, 4)));
  EXPECT_EQ(abuse_, Http2Abuse::kResets);
  EXPECT_LE(resets, 1000);
}

TEST_F(Http2GuardTest, ResetsNowAndThenDoNot) {
  Greet();
  std::uint32_t stream = 1;
  for (int i = 0; i < 10'000 && !abuse_; ++i, stream += 2) {
    Client(Call(stream) + MakeFrame(kResetStream, 0, stream, Number(8, 4)));
    now_ += std::chrono::milliseconds(60);
  }
  EXPECT_FALSE(abuse_);
}

TEST_F(Http2GuardTest, ResetsOfStreamsThatAreOverDoNotCount) {
  Greet();
  Client(Call(1));
  Server(MakeFrame(kHeaders, kEndHeaders | kEndStream, 1, "x"));
  for (int i = 0; i < 10'000 && !abuse_; ++i) Client(MakeFrame(kResetStream, 0, 1, Number(8, 4)));
  EXPECT_FALSE(abuse_);
}

// CVE-2025-8671: the client makes the server cut its streams.
TEST_F(Http2GuardTest, ResetsThatTheClientProvokesCountAsWell) {
  Greet();
  std::uint32_t stream = 1;
  for (int i = 0; i < 10'000 && !abuse_; ++i, stream += 2) {
    Client(Call(stream) + MakeFrame(kWindowUpdate, 0, stream, Number(0, 4)));
    Server(MakeFrame(kResetStream, 0, stream, Number(1, 4)));
  }
  EXPECT_EQ(abuse_, Http2Abuse::kResets);
}

TEST_F(Http2GuardTest, CallsThatEndBeforeTheirClientHasSaidAllDoNotCount) {
  Greet();
  std::uint32_t stream = 1;
  for (int i = 0; i < 10'000 && !abuse_; ++i, stream += 2) {
    Client(Call(stream));
    Server(MakeFrame(kResetStream, 0, stream, Number(0, 4)));
  }
  EXPECT_FALSE(abuse_);
}

TEST_F(Http2GuardTest, StreamsHaveABound) {
  Greet();
  for (std::uint32_t stream = 1; !abuse_ && stream < 100'000; stream += 2) Client(Call(stream));
  EXPECT_EQ(abuse_, Http2Abuse::kResets);
  EXPECT_LE(guard_.open_streams(), Http2Guard::kMaxStreams + 1);
}

TEST_F(Http2GuardTest, SettingsHaveARate) {
  Greet();
  int settings = 0;
  for (; !abuse_ && settings < 10'000; ++settings) Client(MakeFrame(kSettings));
  EXPECT_EQ(abuse_, Http2Abuse::kSettings);
  EXPECT_LE(settings, 200);
}

TEST_F(Http2GuardTest, SaysGoodbyeBetweenFrames) {
  Greet();
  Client(Call(5));
  EXPECT_EQ(guard_.LastWords(Http2Abuse::kResets),
            MakeFrame(kGoAway, 0, 0, Number(5, 4) + Number(11, 4) + TextOf(Http2Abuse::kResets)));
  EXPECT_TRUE(guard_.server_between_frames());
  Server(MakeFrame(kData, 0, 1, "abc").substr(0, 4));
  EXPECT_FALSE(guard_.server_between_frames());
  Server(MakeFrame(kData, 0, 1, "abc").substr(4, 6));
  EXPECT_FALSE(guard_.server_between_frames());
  Server("bc");
  EXPECT_TRUE(guard_.server_between_frames());
}

}  // namespace
}  // namespace cistern
