#include "ingest/net/stream_start.h"

#include <gtest/gtest.h>

#include <string>

namespace cistern {
namespace {

using namespace std::string_literals;

// Whether `stream`, fed in pieces of `first` octets and then one by one, is told to begin with a header.
bool Refused(const std::string& stream, std::size_t first) {
  StreamStart start;
  bool refused = start.IsProxyHeader(std::string_view(stream).substr(0, first));
  for (std::size_t i = first; i < stream.size() && !refused; ++i)
    refused = start.IsProxyHeader({&stream[i], 1});
  return refused;
}

TEST(StreamStartTest, HeaderIsSeenHoweverItIsSplit) {
  for (const std::string& header :
       {"PROXY TCP4 192.0.2.1 10.0.0.5 1 2\r\n"s, "PROXY TCP6 ::1 ::1 1 2\r\n"s, "PROXY UNKNOWN\r\n"s,
        "PROXY TCP4 nonsense"s, "\r\n\r\n\0\r\nQUIT\n\x21\x11\x00\x0cxxxxxxxxxxxx"s,
        "\r\n\r\n\0\r\nQUIT\n\xff\xff\xff\xff"s}) {
    for (std::size_t first = 1; first <= header.size(); ++first)
      EXPECT_TRUE(Refused(header, first)) << header;
  }
}

TEST(StreamStartTest, OtherStreamsAreLeftAlone) {
  for (const std::string& stream :
       {"<13>hello\n"s, "9 <13>hello"s, "PROXY server went away\n"s, "P"s, "\r\n\r\n<13>after empty lines\n"s,
        "hello PROXY TCP4 1.2.3.4\r\n"s, ""s}) {
    for (std::size_t first = 0; first <= stream.size(); ++first)
      EXPECT_FALSE(Refused(stream, first)) << stream;
  }
}

TEST(StreamStartTest, OnlyTheStartCounts) {
  StreamStart start;
  EXPECT_FALSE(start.IsProxyHeader("<13>one\n"));
  EXPECT_TRUE(start.known());
  EXPECT_FALSE(start.IsProxyHeader("PROXY TCP4 192.0.2.1 10.0.0.5 1 2\r\n"));
}

}  // namespace
}  // namespace cistern
