#include "ctl/sender/endpoint.h"

#include <gtest/gtest.h>

namespace cistern::ctl {
namespace {

using Kind = Endpoint::Kind;

struct EndpointCase {
  const char* name;
  const char* text;
  Kind kind;
  const char* host;
  const char* port;
  const char* address;
};

const EndpointCase kCases[] = {
    {"Udp", "udp://127.0.0.1:514", Kind::kUdp, "127.0.0.1", "514", "127.0.0.1:514"},
    {"Tcp", "tcp://logs.example.net:601", Kind::kTcp, "logs.example.net", "601", "logs.example.net:601"},
    {"Tls", "tls://h:1", Kind::kTls, "h", "1", "h:1"},
    {"DefaultPort", "tcp://h", Kind::kTcp, "h", "5140", "h:5140"},
    {"DefaultTlsPort", "tls://h", Kind::kTls, "h", "6514", "h:6514"},
    {"V6", "udp://[::1]:514", Kind::kUdp, "::1", "514", "[::1]:514"},
    {"V6DefaultPort", "udp://[2001:db8::1]", Kind::kUdp, "2001:db8::1", "5140", "[2001:db8::1]:5140"},
    {"Grpc", "grpc://h:7", Kind::kGrpc, "h", "7", "h:7"},
    {"GrpcOfTheDaemon", "grpc", Kind::kGrpc, "", "", ":"},
    {"Unix", "unix:/run/log.sock", Kind::kUnix, "", "", "/run/log.sock"},
    {"UnixUrl", "unix:///run/log.sock", Kind::kUnix, "", "", "/run/log.sock"},
};

class EndpointTest : public ::testing::TestWithParam<EndpointCase> {};

TEST_P(EndpointTest, IsRead) {
  const auto endpoint = ParseEndpoint(GetParam().text);
  ASSERT_TRUE(endpoint);
  EXPECT_EQ(endpoint->kind, GetParam().kind);
  EXPECT_EQ(endpoint->host, GetParam().host);
  EXPECT_EQ(endpoint->port, GetParam().port);
  EXPECT_EQ(endpoint->Address(), GetParam().address);
}

INSTANTIATE_TEST_SUITE_P(Forms, EndpointTest, ::testing::ValuesIn(kCases),
                         [](const auto& info) { return std::string(info.param.name); });

TEST(Endpoint, OtherTextIsRefusedWithWhatWasExpected) {
  for (const char* text :
       {"", "127.0.0.1:514", "udp:127.0.0.1", "http://h:1", "udp://", "udp://:514", "udp://h:0",
        "udp://h:70000", "udp://h:x", "udp://[::1", "udp://[::1]x", "unix:", "tcp://::1:514"}) {
    const auto endpoint = ParseEndpoint(text);
    ASSERT_FALSE(endpoint) << text;
    EXPECT_NE(endpoint.error().find("expected udp://HOST:PORT"), std::string::npos);
  }
}

}  // namespace
}  // namespace cistern::ctl
