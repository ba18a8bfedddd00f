#include "ingest/net/proxy_reader.h"

#include <gtest/gtest.h>
#include <sys/socket.h>

#include <string>

#include "ingest/net/socket_util.h"

namespace cistern {
namespace {

using Status = ProxyHeader::Status;
using namespace std::string_literals;

struct Pair {
  Pair() {
    int fds[2];
    EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
    reader = UniqueFd(fds[0]);
    writer = UniqueFd(fds[1]);
  }
  void Send(std::string_view octets) {
    ASSERT_EQ(::send(writer.get(), octets.data(), octets.size(), 0), static_cast<ssize_t>(octets.size()));
  }
  std::string Rest() {
    std::string rest(64, '\0');
    const ssize_t count = ::recv(reader.get(), rest.data(), rest.size(), MSG_DONTWAIT);
    rest.resize(count < 0 ? 0 : static_cast<std::size_t>(count));
    return rest;
  }
  UniqueFd reader, writer;
};

const std::string kLine = "PROXY TCP4 192.0.2.42 10.0.0.5 51200 6514\r\n";
const std::string kBinary =
    "\r\n\r\n\0\r\nQUIT\n\x21\x11\x00\x0c\xc0\x00\x02\x2a\x0a\x00\x00\x05\xc8\x00\x17\x9d"s;
const std::string kFollows = "\x16\x03\x01 what follows";

TEST(ProxyReaderTest, TakesTheHeaderAndNothingElseHoweverItIsSplit) {
  for (const std::string& header :
       {kLine, kBinary,
        kBinary.substr(0, 14) + "\x0f\xa0"s + kBinary.substr(16) + std::string(3988, '\x04')}) {
    const std::string stream = header + kFollows;
    const std::size_t step = header.size() > 1000 ? 97 : 1;
    for (std::size_t first = 1; first < stream.size(); first += step) {
      Pair pair;
      ProxyReader reader;
      pair.Send(stream.substr(0, first));
      const StreamStatus status = reader.Read(pair.reader.get());
      EXPECT_EQ(status, first < header.size() ? StreamStatus::kWantRead : StreamStatus::kDone) << first;
      pair.Send(stream.substr(first));
      if (first < header.size()) reader.Read(pair.reader.get());
      ASSERT_EQ(reader.header().status, Status::kComplete) << first << reader.header().problem;
      EXPECT_EQ(reader.header().sender.ToString(), "192.0.2.42");
      EXPECT_EQ(reader.header().port, 51200);
      EXPECT_EQ(pair.Rest(), kFollows) << first;
    }
  }
}

TEST(ProxyReaderTest, WaitsForNothingWhenItCannotBeAHeader) {
  for (const std::string& octets : {"<13>hello\n"s, "PROXY TCP4 x\r\n"s, "\r\n\r\nQUIT"s, kFollows}) {
    Pair pair;
    ProxyReader reader;
    pair.Send(octets);
    EXPECT_EQ(reader.Read(pair.reader.get()), StreamStatus::kDone);
    EXPECT_NE(reader.header().status, Status::kComplete);
  }
}

TEST(ProxyReaderTest, EndIsToldAndWhetherAnythingCame) {
  Pair silent, broken;
  ProxyReader reader, second;
  EXPECT_EQ(reader.Read(silent.reader.get()), StreamStatus::kWantRead);
  silent.writer = UniqueFd();
  EXPECT_EQ(reader.Read(silent.reader.get()), StreamStatus::kEnd);
  EXPECT_FALSE(reader.begun());
  broken.Send("PROXY TC");
  broken.writer = UniqueFd();
  EXPECT_EQ(second.Read(broken.reader.get()), StreamStatus::kEnd);
  EXPECT_TRUE(second.begun());
}

}  // namespace
}  // namespace cistern
