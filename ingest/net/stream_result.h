// Outcome of one non-blocking step on a stream.
#pragma once

#include <cstddef>
#include <cstdint>

namespace cistern {

enum class StreamStatus : std::uint8_t {
  kDone,       // handshake finished, or octets were read
  kWantRead,   // wait until the socket is readable
  kWantWrite,  // wait until the socket is writable
  kEnd,        // the peer closed its side
  kFailed,
};

struct StreamRead {
  StreamStatus status;
  std::size_t octets = 0;  // may be > 0 with any status: what was read before it
};

}  // namespace cistern
