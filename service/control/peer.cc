#include "service/control/peer.h"

#include <charconv>

#include "service/control/call_watch.h"

namespace cistern {

// `ipv4:127.0.0.1:5141`, `ipv6:%5B::1%5D:5141` or `unix:...`.
void ReadPeer(std::string peer, IpAddress& address, std::uint16_t& port) {
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

std::string AddressOf(const std::string& peer) {
  IpAddress address;
  std::uint16_t port = 0;
  ReadPeer(peer, address, port);
  return address.present() ? address.ToString() : "local";
}

std::string WhoCalls(const grpc::CallbackServerContext& rpc) {
  const auto facts = FactsOf(rpc);
  if (!facts || !facts->right || facts->credentials.local) return AddressOf(rpc.peer());
  return facts->right->name + " (" + facts->peer + ")";
}

}  // namespace cistern
