// Where syslog is sent to, as written on the command line.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "ingest/message/result.h"

namespace cistern::ctl {

struct Endpoint {
  enum class Kind : std::uint8_t { kUdp, kTcp, kTls, kUnix, kGrpc };
  Kind kind = Kind::kUdp;
  std::string host;  // without brackets; for kGrpc empty: the daemon's own address
  std::string port;
  std::string path;  // kUnix

  bool stream() const { return kind == Kind::kTcp || kind == Kind::kTls; }
  // `HOST:PORT`, brackets around IPv6; kUnix: the path.
  std::string Address() const;
};

// `udp://HOST:PORT`, `tcp://...`, `tls://...`, `unix:PATH`, `grpc` or `grpc://HOST:PORT`. HOST may be IPv6 in
// brackets. PORT may be left out: 5140, for tls 6514, for grpc 5141. The error says what was expected.
Result<Endpoint, std::string> ParseEndpoint(std::string_view text);

}  // namespace cistern::ctl
