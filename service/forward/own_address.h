// Whether an address and port is one this daemon listens on: what is sent there comes back.
#pragma once

#include <cstdint>
#include <span>
#include <string>

namespace cistern {

// Where something listens: `HOST:PORT`, IPv6 in brackets.
struct ListeningAddress {
  std::string protocol;  // `tcp` or `udp`
  std::string address;
};

// A listener on a wildcard address is reached by every address of this machine.
bool IsOwnAddress(std::span<const ListeningAddress> listeners, const std::string& protocol,
                  const std::string& address, std::uint16_t port);

}  // namespace cistern
