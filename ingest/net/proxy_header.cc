#include "ingest/net/proxy_header.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>

namespace cistern {
namespace {

using Status = ProxyHeader::Status;

constexpr std::string_view kLineStart = "PROXY ";
constexpr std::string_view kUnknown = "UNKNOWN";
constexpr std::size_t kLongestLine = 107;

constexpr std::string_view kBinaryStart("\r\n\r\n\0\r\nQUIT\n", 12);
constexpr std::size_t kBinaryFixed = 16;  // start, version and command, family, length of the rest
constexpr std::uint8_t kLocal = 0x20, kProxy = 0x21;
constexpr int kInet = 1, kInet6 = 2, kUnix = 3, kDatagram = 2;

ProxyHeader Malformed(const char* problem) { return {.status = Status::kMalformed, .problem = problem}; }

ProxyHeader Complete(std::size_t size, const IpAddress& sender = {}, std::uint16_t port = 0) {
  return {.status = Status::kComplete, .size = size, .sender = sender, .port = port};
}

// Whether `octets` begin with `start`: kBegun, kAbsent, or kPossible while they are shorter.
Status Compare(std::string_view octets, std::string_view start) {
  const std::size_t size = std::min(octets.size(), start.size());
  if (octets.substr(0, size) != start.substr(0, size)) return Status::kAbsent;
  return size == start.size() ? Status::kBegun : Status::kPossible;
}

// A line of text may well begin with the word PROXY: it is a header only with a family behind it. kAbsent is
// the greatest status, and no text begins like two families unless it is too short to tell.
Status CompareLine(std::string_view octets) {
  const Status start = Compare(octets, kLineStart);
  if (start != Status::kBegun) return start;
  octets.remove_prefix(kLineStart.size());
  Status status = Status::kAbsent;
  for (const std::string_view family : {std::string_view("TCP4 "), std::string_view("TCP6 "), kUnknown})
    status = std::min(status, Compare(octets, family));
  return status;
}

// The text up to the next space, which is taken away with it.
std::string_view TakeField(std::string_view& text) {
  const std::size_t end = text.find(' ');
  const std::string_view field = text.substr(0, end);
  text.remove_prefix(end == text.npos ? text.size() : end + 1);
  return field;
}

std::optional<IpAddress> ParseAddress(std::string_view text, bool v6) {
  const bool of_family = (text.find(':') != text.npos) == v6;
  return of_family ? IpAddress::Parse(text) : std::nullopt;
}

std::optional<std::uint16_t> ParsePort(std::string_view text) {
  std::uint16_t port = 0;
  const char* last = text.data() + text.size();
  const auto [end, error] = std::from_chars(text.data(), last, port);
  if (error != std::errc() || end != last || (text.size() > 1 && text.front() == '0')) return std::nullopt;
  return port;
}

// `text`: addresses and ports of the sender and of the load balancer, behind the family.
ProxyHeader ParseEndpoints(std::string_view text, bool v6, std::size_t size) {
  const auto sender = ParseAddress(TakeField(text), v6);
  const auto receiver = ParseAddress(TakeField(text), v6);
  const auto port = ParsePort(TakeField(text));
  const auto receiver_port = ParsePort(text);
  if (!sender || !receiver) return Malformed("an address is not of its family");
  if (!port || !receiver_port) return Malformed("a port is not a number up to 65535");
  if (!sender->present()) return Malformed("the sender's address is unspecified");
  return Complete(size, *sender, *port);
}

ProxyHeader ParseWholeLine(std::string_view line) {
  std::string_view text = line.substr(kLineStart.size());
  const std::string_view family = TakeField(text);
  const std::size_t size = line.size() + 2;
  if (family == kUnknown) return Complete(size);
  if (family.starts_with(kUnknown)) return Malformed("the family is none of TCP4, TCP6 and UNKNOWN");
  return ParseEndpoints(text, family == "TCP6", size);
}

ProxyHeader ParseLine(std::string_view octets) {
  const Status status = CompareLine(octets);
  if (status != Status::kBegun) return {.status = status};
  octets = octets.substr(0, kLongestLine);
  const std::size_t end = std::min(octets.find_first_of("\r\n"), octets.size());
  const std::string_view ending = octets.substr(end, 2);
  if (ending == "\r\n") return ParseWholeLine(octets.substr(0, end));
  const bool may_end = ending.empty() || ending == "\r";
  if (may_end && octets.size() < kLongestLine) return {.status = Status::kBegun};
  return Malformed("the line does not end with CR LF within 107 octets");
}

std::uint8_t OctetAt(std::string_view octets, std::size_t i) { return static_cast<std::uint8_t>(octets[i]); }

std::size_t NumberAt(std::string_view octets, std::size_t i) {
  return static_cast<std::size_t>(OctetAt(octets, i)) << 8 | OctetAt(octets, i + 1);
}

// `block`: both addresses, both ports, then what nobody here needs.
ProxyHeader ParseBlock(std::string_view block, bool v6, std::size_t size) {
  std::array<std::uint8_t, 16> octets{};
  const std::size_t length = v6 ? 16 : 4;
  if (block.size() < 2 * length + 4) return Malformed("it is too short for its addresses");
  std::copy_n(block.begin(), length, octets.begin());
  const auto v4 = static_cast<std::uint32_t>(NumberAt(block, 0) << 16 | NumberAt(block, 2));
  const IpAddress sender = v6 ? IpAddress::V6(octets) : IpAddress::V4(v4);
  if (!sender.present()) return Malformed("the sender's address is unspecified");
  return Complete(size, sender, static_cast<std::uint16_t>(NumberAt(block, 2 * length)));
}

ProxyHeader ParseBinary(std::string_view octets) {
  const Status status = Compare(octets, kBinaryStart);
  if (status != Status::kBegun || octets.size() < kBinaryFixed) return {.status = status};
  const std::uint8_t command = OctetAt(octets, 12);
  const int family = OctetAt(octets, 13) >> 4, protocol = OctetAt(octets, 13) & 15;
  const std::size_t size = kBinaryFixed + NumberAt(octets, 14);
  if (command != kLocal && command != kProxy) return Malformed("its version or command is unknown");
  if (size > kLongestProxyHeader) return Malformed("it is longer than 4096 octets");
  if (command == kProxy && (family > kUnix || protocol > kDatagram))
    return Malformed("its address family or protocol is unknown");
  if (octets.size() < size) return {.status = Status::kBegun};
  const bool inet = (family == kInet || family == kInet6) && protocol != 0;
  if (command == kLocal || !inet) return Complete(size);
  return ParseBlock(octets.substr(kBinaryFixed, size - kBinaryFixed), family == kInet6, size);
}

}  // namespace

ProxyHeader ParseProxyHeader(std::string_view octets) {
  if (octets.empty()) return {};
  return octets.front() == kLineStart.front() ? ParseLine(octets) : ParseBinary(octets);
}

}  // namespace cistern
