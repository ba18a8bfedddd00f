// Names to addresses, for threads that must be able to stop.
#pragma once

#include <sys/socket.h>

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "ingest/message/ip_address.h"
#include "ingest/message/result.h"
#include "proto/yaml/units.h"
#include "service/forward/sink.h"

namespace cistern {

struct SocketAddress {
  sockaddr_storage storage{};
  socklen_t size = 0;

  const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&storage); }
  IpAddress ip() const;
  std::uint16_t port() const;
  std::string ToString() const;  // `192.0.2.1:514`, `[2001:db8::1]:514`
};

// `logs.example.net:514`, `[2001:db8::1]:514`.
std::string ToString(const HostPort& where);

// The addresses of a host, never none, in the order in which they should be tried. A name is looked up by a
// thread of its own, which is left behind when it takes too long; at most 32 such threads run at once.
// kResolve, kTimeout, kStopped.
Result<std::vector<SocketAddress>, Failure> Resolve(const HostPort& where,
                                                    std::chrono::steady_clock::time_point deadline,
                                                    const Stop& stop);

}  // namespace cistern
