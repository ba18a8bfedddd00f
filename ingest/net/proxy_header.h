// The header of the PROXY protocol, versions 1 and 2, by which a load balancer names the real sender.
//
// It comes before everything else on a connection, before TLS as well. Threads: pure functions.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "ingest/message/ip_address.h"

namespace cistern {

// More is never read for a header: a line has at most 107 octets, a binary header with all its TLVs 4 KiB.
inline constexpr std::size_t kLongestProxyHeader = 4096;

struct ProxyHeader {
  enum class Status : std::uint8_t {
    kPossible,  // too few octets to tell
    kBegun,     // it is one, and not whole yet
    kComplete,
    kMalformed,  // begins like one, but is not valid or too long
    kAbsent,     // the stream begins otherwise
  };
  Status status = Status::kPossible;
  std::size_t size = 0;      // kComplete: octets of the header; what follows belongs to the stream
  const char* problem = "";  // kMalformed: what is wrong
  IpAddress sender;          // kComplete: not present when it names none (LOCAL, UNKNOWN, a local socket)
  std::uint16_t port = 0;    // of `sender`
};

// Judges the first octets of a stream, however many have come. More octets never change an answer other than
// kPossible and kBegun.
ProxyHeader ParseProxyHeader(std::string_view octets);

}  // namespace cistern
