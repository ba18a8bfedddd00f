// Headers by hand, each also cut off behind every octet.
#include "ingest/net/proxy_header.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace cistern {
namespace {

using Status = ProxyHeader::Status;
using namespace std::string_literals;

const std::string kSignature = "\r\n\r\n\0\r\nQUIT\n"s;

std::string Binary(char command, char family, const std::string& block) {
  return kSignature + command + family + static_cast<char>(block.size() >> 8) +
         static_cast<char>(block.size() & 255) + block;
}

const std::string kBlock4 = "\xc0\x00\x02\x2a\x0a\x00\x00\x05\xc8\x00\x17\x9d"s;  // 192.0.2.42:51200
const std::string kBlock6 =
    "\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x2a\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x01\xc8\x00\x17\x9d"s;
const std::string kLongestLine =
    "PROXY TCP6 ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff 65535 "
    "65535\r\n";

struct Case {
  const char* name;
  std::string octets;
  Status status;
  const char* sender = "";
  int port = 0;
};

const std::vector<Case> kCases = {
    {"Tcp4Line", "PROXY TCP4 192.0.2.42 10.0.0.5 51200 6514\r\n", Status::kComplete, "192.0.2.42", 51200},
    {"Tcp6Line", "PROXY TCP6 2001:db8::2a 2001:db8::1 51200 6514\r\n", Status::kComplete, "2001:db8::2a",
     51200},
    {"MappedAddressIsIpv4", "PROXY TCP6 ::ffff:192.0.2.42 ::1 1 2\r\n", Status::kComplete, "192.0.2.42", 1},
    {"LongestLine", kLongestLine, Status::kComplete, "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", 65535},
    {"UnknownLine", "PROXY UNKNOWN\r\n", Status::kComplete},
    {"UnknownLineWithRest", "PROXY UNKNOWN ffff::1 whatever\0 1 2 3\r\n"s, Status::kComplete},
    {"UnknownLineOf107", "PROXY UNKNOWN " + std::string(91, 'x') + "\r\n", Status::kComplete},
    {"LineOf108", "PROXY UNKNOWN " + std::string(92, 'x') + "\r\n", Status::kMalformed},
    {"EndlessLine", "PROXY UNKNOWN " + std::string(5000, 'x'), Status::kMalformed},
    {"LineWithoutCr", "PROXY TCP4 192.0.2.42 10.0.0.5 51200 6514\n", Status::kMalformed},
    {"LineWithoutLf", "PROXY TCP4 192.0.2.42 10.0.0.5 51200 6514\r<", Status::kMalformed},
    {"UnknownFamilyGoesOn", "PROXY UNKNOWNS\r\n", Status::kMalformed},
    {"WrongFamily4", "PROXY TCP4 2001:db8::2a 2001:db8::1 51200 6514\r\n", Status::kMalformed},
    {"WrongFamily6", "PROXY TCP6 192.0.2.42 10.0.0.5 51200 6514\r\n", Status::kMalformed},
    {"NoAddress", "PROXY TCP4 host.example 10.0.0.5 51200 6514\r\n", Status::kMalformed},
    {"NoReceiver", "PROXY TCP4 192.0.2.42 51200 6514\r\n", Status::kMalformed},
    {"TwoSpaces", "PROXY TCP4 192.0.2.42  10.0.0.5 51200 6514\r\n", Status::kMalformed},
    {"SpaceAtTheEnd", "PROXY TCP4 192.0.2.42 10.0.0.5 51200 6514 \r\n", Status::kMalformed},
    {"LargePort", "PROXY TCP4 192.0.2.42 10.0.0.5 65536 6514\r\n", Status::kMalformed},
    {"NegativePort", "PROXY TCP4 192.0.2.42 10.0.0.5 -1 6514\r\n", Status::kMalformed},
    {"LeadingZero", "PROXY TCP4 192.0.2.42 10.0.0.5 051200 6514\r\n", Status::kMalformed},
    {"NoReceiverPort", "PROXY TCP4 192.0.2.42 10.0.0.5 51200\r\n", Status::kMalformed},
    {"UnspecifiedSender", "PROXY TCP6 :: ::1 51200 6514\r\n", Status::kMalformed},
    {"NothingBehindTheFamily", "PROXY TCP4 \r\n", Status::kMalformed},
    {"SyslogOfAProxy", "PROXY TCP5 is what I speak\r\n", Status::kAbsent},
    {"ProxyAsAWord", "PROXYING\n", Status::kAbsent},
    {"SmallLetters", "proxy TCP4 192.0.2.42 10.0.0.5 51200 6514\r\n", Status::kAbsent},
    {"Syslog", "<13>hello\n", Status::kAbsent},
    {"TlsClientHello", "\x16\x03\x01\x02\x00", Status::kAbsent},
    {"EmptyLines", "\r\n\r\n\r\n", Status::kAbsent},
    {"Binary4", Binary(0x21, 0x11, kBlock4), Status::kComplete, "192.0.2.42", 51200},
    {"Binary4OfDatagrams", Binary(0x21, 0x12, kBlock4), Status::kComplete, "192.0.2.42", 51200},
    {"Binary6", Binary(0x21, 0x21, kBlock6), Status::kComplete, "2001:db8::2a", 51200},
    {"BinaryWithMore", Binary(0x21, 0x11, kBlock4 + "\x04\x00\x02xx"s), Status::kComplete, "192.0.2.42",
     51200},
    {"BinaryOf4096", Binary(0x21, 0x11, kBlock4 + std::string(4068, 'x')), Status::kComplete, "192.0.2.42",
     51200},
    {"BinaryOf4097", Binary(0x21, 0x11, kBlock4 + std::string(4069, 'x')), Status::kMalformed},
    {"Local", Binary(0x20, 0x00, ""), Status::kComplete},
    {"LocalIgnoresTheFamily", Binary(0x20, 0x11, kBlock4), Status::kComplete},
    {"LocalWithOddFamily", Binary(0x20, '\xff', "abc"), Status::kComplete},
    {"Unspecified", Binary(0x21, 0x00, ""), Status::kComplete},
    {"UnspecifiedProtocol", Binary(0x21, 0x10, kBlock4), Status::kComplete},
    {"UnixSender", Binary(0x21, 0x31, std::string(216, '\0')), Status::kComplete},
    {"OtherVersion", Binary(0x31, 0x11, kBlock4), Status::kMalformed},
    {"OtherCommand", Binary(0x22, 0x11, kBlock4), Status::kMalformed},
    {"OtherFamily", Binary(0x21, 0x41, kBlock4), Status::kMalformed},
    {"OtherProtocol", Binary(0x21, 0x13, kBlock4), Status::kMalformed},
    {"ShortBlock4", Binary(0x21, 0x11, kBlock4.substr(1)), Status::kMalformed},
    {"ShortBlock6", Binary(0x21, 0x21, kBlock6.substr(1)), Status::kMalformed},
    {"UnspecifiedSender6", Binary(0x21, 0x21, std::string(36, '\0')), Status::kMalformed},
    {"LongestLength", kSignature + "\x21\x11\xff\xff"s, Status::kMalformed},
    {"AlmostTheSignature", "\r\n\r\n\0\r\nQUIT\r"s, Status::kAbsent},
};

class ProxyHeaderTest : public testing::TestWithParam<Case> {};

TEST_P(ProxyHeaderTest, IsJudged) {
  const Case& test = GetParam();
  const ProxyHeader header = ParseProxyHeader(test.octets);
  EXPECT_EQ(header.status, test.status) << header.problem;
  EXPECT_EQ(header.sender.ToString(), test.sender);
  EXPECT_EQ(header.port, test.port);
  EXPECT_EQ(header.size, test.status == Status::kComplete ? test.octets.size() : 0u);
  EXPECT_EQ(std::string(header.problem).empty(), test.status != Status::kMalformed);
}

TEST_P(ProxyHeaderTest, MoreOctetsChangeNothing) {
  const Case& test = GetParam();
  const ProxyHeader header = ParseProxyHeader(test.octets + "<13>next\r\n");
  EXPECT_EQ(header.status, test.status);
  EXPECT_EQ(header.size, test.status == Status::kComplete ? test.octets.size() : 0u);
  EXPECT_EQ(header.sender.ToString(), test.sender);
}

TEST_P(ProxyHeaderTest, EveryPrefixWaitsOrSaysTheSame) {
  const Case& test = GetParam();
  Status last = Status::kPossible;
  for (std::size_t size = 0; size < test.octets.size(); ++size) {
    const Status status = ParseProxyHeader(std::string_view(test.octets).substr(0, size)).status;
    const bool waits = status == Status::kPossible || status == Status::kBegun;
    ASSERT_TRUE(waits || status == test.status) << size;
    ASSERT_NE(status, Status::kComplete) << size;
    ASSERT_GE(status, last) << "what is known is not forgotten, at " << size;
    last = status;
  }
}

INSTANTIATE_TEST_SUITE_P(Cases, ProxyHeaderTest, testing::ValuesIn(kCases),
                         [](const auto& info) { return info.param.name; });

TEST(ProxyHeaderStartTest, IsRecognizedAsSoonAsItCanBe) {
  EXPECT_EQ(ParseProxyHeader("PROXY TCP4").status, Status::kPossible);
  EXPECT_EQ(ParseProxyHeader("PROXY TCP4 ").status, Status::kBegun);
  EXPECT_EQ(ParseProxyHeader("PROXY UNKNOWN").status, Status::kBegun);
  EXPECT_EQ(ParseProxyHeader(kSignature.substr(0, 11)).status, Status::kPossible);
  EXPECT_EQ(ParseProxyHeader(kSignature).status, Status::kBegun);
}

}  // namespace
}  // namespace cistern
