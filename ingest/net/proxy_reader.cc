#include "ingest/net/proxy_reader.h"

#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>

namespace cistern {

// The end of a line is known only once it is there, so the octets are looked at first, and then taken as far
// as they are the header's.
StreamStatus ProxyReader::Read(int fd) {
  std::array<char, 512> seen;
  for (;;) {
    const ssize_t count = ::recv(fd, seen.data(), seen.size(), MSG_PEEK | MSG_DONTWAIT);
    if (count == 0) return StreamStatus::kEnd;
    if (count < 0) {
      const bool wait = errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR;
      return wait ? StreamStatus::kWantRead : StreamStatus::kFailed;
    }
    const std::size_t had = octets_.size();
    octets_.append(seen.data(), static_cast<std::size_t>(count));
    header_ = ParseProxyHeader(octets_);
    if (header_.status == ProxyHeader::Status::kComplete) octets_.resize(header_.size);
    ::recv(fd, seen.data(), octets_.size() - had, MSG_DONTWAIT);
    const bool waits =
        header_.status == ProxyHeader::Status::kPossible || header_.status == ProxyHeader::Status::kBegun;
    if (!waits) return StreamStatus::kDone;
  }
}

}  // namespace cistern
