// The way into gRPC over TCP: accepts, speaks TLS, and passes on what Http2Guard lets through.
//
// gRPC gets a Unix socket pair for each connection, once its client is through the handshake and has said
// that it speaks HTTP/2. So a client without the certificate that is asked for does not reach gRPC, the
// certificates in use stay when new ones cannot be used, and every connection and refusal is counted.
//
// Bounds: kMaxConnections, of which those without a call, and then those that take nothing, give way to new
// ones, the longest idle first; 10 s from the connection to the first octets of HTTP/2, 100 s to take what is
// said; no buffer for a connection that rests.
//
// Threads: one of its own; the public functions from any.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "ingest/message/result.h"
#include "ingest/net/listener_options.h"
#include "service/door/call_counts.h"
#include "service/door/visitors.h"

namespace cistern {

// Why a connection was not let in or was ended by the door.
enum class DoorRefusal : std::uint8_t {
  kTls,       // the handshake failed
  kTooSlow,   // no handshake or no first octets within the time
  kStalled,   // took nothing of what was said to it
  kTooMany,   // made room for others, or there was none
  kProtocol,  // gRPC itself ended it: a broken frame, too many pings, no answer to its own
  kNotHttp2,  // as Http2Abuse, from here on
  kHeaderSize,
  kResets,
  kSettings,
};
inline constexpr int kDoorRefusals = 9;
// As in metrics.
const char* DoorRefusalName(DoorRefusal refusal);

struct DoorFigures {
  int open = 0;  // connections
  std::uint64_t accepted = 0;
  std::array<std::uint64_t, kDoorRefusals> refused{};  // by DoorRefusal
  std::int64_t certificate_not_after = 0;              // Unix seconds; 0: no TLS
  bool certificate_stale = false;                      // the newest pair cannot be used
};

class Door {
 public:
  static constexpr int kMaxConnections = 1000;

  // Takes the descriptor of one end of a connection, non-blocking; it is gRPC's from then on.
  using HandOver = std::function<void(int fd)>;

  // `visitors` and `calls` outlive it; calls are counted when they end. `address`: HOST:PORT, numeric.
  static std::unique_ptr<Door> Create(std::string address, std::optional<TlsOptions> tls, Visitors& visitors,
                                      CallCounts& calls);
  virtual ~Door() = default;

  // Binds. The error is one sentence. Nobody is let in before Open().
  virtual Result<void, std::string> Bind() = 0;
  virtual void Open(HandOver hand_over) = 0;
  // No new connections from here on; those that are open stay.
  virtual void StopAccepting() = 0;
  // When gRPC has closed its ends: waits until what it said has left, at most a second. Once.
  virtual void Close() = 0;
  // As bound, with the real port.
  virtual std::string address() const = 0;
  virtual DoorFigures figures() const = 0;
};

}  // namespace cistern
