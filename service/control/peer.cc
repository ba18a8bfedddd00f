#include "service/control/peer.h"

#include <charconv>

namespace cistern {

// `ipv4:127.0.0.1:5141`, `ipv6:%5B::1%5D:5141` or `unix:...`.
void ReadPeer(const grpc::CallbackServerContext& rpc, IpAddress& address, std::uint16_t& port) {
  std::string peer = rpc.peer();
  for (const char* code : {"%5B", "%5D", "[", "]"}) {
    for (auto at = peer.find(code); at != std::string::npos; at = peer.find(code))
      peer.erase(at, std::string(code).size());
  }
  const auto first = peer.find(':');
  const auto last = peer.rfind(':');
  if (first == std::string::npos || last <= first) return;
  if (const auto parsed = IpAddress::Parse(peer.substr(first + 1, last - first - 1))) {
    address = *parsed;
    std::from_chars(peer.data() + last + 1, peer.data() + peer.size(), port);
  }
}

std::string WhoCalls(const grpc::CallbackServerContext& rpc) {
  IpAddress address;
  std::uint16_t port = 0;
  ReadPeer(rpc, address, port);
  return address.present() ? address.ToString() : "local";
}

}  // namespace cistern
