#include "service/control/port_peers.h"

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <fstream>
#include <iterator>
#include <set>
#include <sstream>

#include "ingest/message/ip_address.h"

namespace cistern {
namespace {

constexpr std::size_t kMostNamed = 4;
constexpr std::string_view kEstablished = "01";

std::string Content(const char* path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

std::uint32_t FromHex(std::string_view digits) {
  std::uint32_t value = 0;
  std::from_chars(digits.data(), digits.data() + digits.size(), value, 16);
  return value;
}

// `0100007F`, or four such words: each is in the byte order of this machine.
std::string AddressOf(std::string_view digits) {
  std::array<std::uint32_t, 4> words{};
  if (digits.size() != 8 && digits.size() != 32) return {};
  for (std::size_t i = 0; i < digits.size() / 8; ++i) words[i] = FromHex(digits.substr(8 * i, 8));
  char text[INET6_ADDRSTRLEN] = {};
  ::inet_ntop(digits.size() == 8 ? AF_INET : AF_INET6, words.data(), text, sizeof(text));
  const auto address = IpAddress::Parse(text);
  return address ? address->ToString() : std::string(text);
}

void Collect(std::string_view table, std::uint16_t port, std::set<std::string>& peers) {
  std::istringstream lines{std::string(table)};
  for (std::string line; std::getline(lines, line);) {
    std::istringstream words(line);
    std::string number, local, remote, state;
    if (!(words >> number >> local >> remote >> state) || state != kEstablished) continue;
    const auto at = local.rfind(':'), end = remote.rfind(':');
    if (at == std::string::npos || end == std::string::npos ||
        FromHex(std::string_view(local).substr(at + 1)) != port)
      continue;
    peers.insert(AddressOf(std::string_view(remote).substr(0, end)));
  }
}

}  // namespace

std::string PeersIn(std::string_view tcp, std::string_view tcp6, std::uint16_t port) {
  std::set<std::string> peers;
  Collect(tcp, port, peers);
  Collect(tcp6, port, peers);
  peers.erase(std::string());
  if (peers.empty()) return {};
  std::string text = peers.size() > 1 ? "one of " : "";
  std::size_t named = 0;
  for (const std::string& peer : peers) {
    if (named == kMostNamed) return text + " and others";
    text += (named++ > 0 ? ", " : "") + peer;
  }
  return text;
}

std::string PeersOfPort(std::uint16_t port) {
  return PeersIn(Content("/proc/net/tcp"), Content("/proc/net/tcp6"), port);
}

}  // namespace cistern
