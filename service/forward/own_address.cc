#include "service/forward/own_address.h"

#include <arpa/inet.h>
#include <ifaddrs.h>
#include <netinet/in.h>

#include <array>
#include <memory>

#include "ingest/message/ip_address.h"
#include "proto/yaml/units.h"

namespace cistern {
namespace {

bool IsOfThisMachine(const IpAddress& address) {
  ifaddrs* list = nullptr;
  if (getifaddrs(&list) != 0) return false;
  const std::unique_ptr<ifaddrs, decltype(&freeifaddrs)> owner(list, freeifaddrs);
  for (const ifaddrs* each = list; each != nullptr; each = each->ifa_next) {
    if (each->ifa_addr == nullptr) continue;
    const int family = each->ifa_addr->sa_family;
    const void* octets = nullptr;
    if (family == AF_INET) octets = &reinterpret_cast<const sockaddr_in*>(each->ifa_addr)->sin_addr;
    if (family == AF_INET6) octets = &reinterpret_cast<const sockaddr_in6*>(each->ifa_addr)->sin6_addr;
    std::array<char, INET6_ADDRSTRLEN> text{};
    if (octets == nullptr || inet_ntop(family, octets, text.data(), text.size()) == nullptr) continue;
    if (IpAddress::Parse(text.data()) == address) return true;
  }
  return false;
}

bool IsLoopback(const IpAddress& address) {
  static const IpNetwork kV4 = *IpNetwork::Parse("127.0.0.0/8");
  if (address == *IpAddress::Parse("::1")) return true;
  return address.is_v4() && kV4.Contains(address);
}

}  // namespace

bool IsOwnAddress(std::span<const ListeningAddress> listeners, const std::string& protocol,
                  const std::string& address, std::uint16_t port) {
  const auto asked = IpAddress::Parse(address);
  if (!asked) return false;
  // Connecting to "any address" is connecting to this machine.
  const bool anywhere = *asked == *IpAddress::Parse("0.0.0.0") || *asked == *IpAddress::Parse("::");
  for (const ListeningAddress& listener : listeners) {
    const auto at = ParseHostPort(listener.address);
    if (listener.protocol != protocol || !at || at->port != port) continue;
    const auto host = IpAddress::Parse(at->host);
    if (host == asked || anywhere) return true;
    const bool wildcard = at->host == "0.0.0.0" || at->host == "::";
    if (wildcard && (IsLoopback(*asked) || IsOfThisMachine(*asked))) return true;
  }
  return false;
}

}  // namespace cistern
