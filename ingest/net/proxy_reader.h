// Reads the PROXY header with which the connections of a load balancer begin, and not one octet more: what
// follows may be TLS.
//
// Threads: one, that of its connection. Memory: what has come of a header, 4 KiB at most.
#pragma once

#include <string>

#include "ingest/net/proxy_header.h"
#include "ingest/net/stream_result.h"

namespace cistern {

class ProxyReader {
 public:
  // Takes what has come of the header on the non-blocking socket `fd`.
  // kDone: header() is kComplete, kMalformed or kAbsent. kWantRead, kEnd, kFailed (errno): it is not whole
  // yet.
  StreamStatus Read(int fd);

  const ProxyHeader& header() const { return header_; }
  // Anything has come at all.
  bool begun() const { return !octets_.empty(); }

 private:
  std::string octets_;  // taken from the socket
  ProxyHeader header_;
};

}  // namespace cistern
