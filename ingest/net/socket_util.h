// Opening sockets and reading addresses, without Asio.
#pragma once

#include <sys/socket.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>

#include "ingest/message/ip_address.h"
#include "ingest/message/result.h"
#include "ingest/net/listener_options.h"

namespace cistern {

// Owns a file descriptor.
class UniqueFd {
 public:
  UniqueFd() = default;
  explicit UniqueFd(int fd) : fd_(fd) {}
  UniqueFd(UniqueFd&& other) noexcept : fd_(other.release()) {}
  UniqueFd& operator=(UniqueFd&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  ~UniqueFd();

  int get() const { return fd_; }
  bool valid() const { return fd_ >= 0; }
  int release() { return std::exchange(fd_, -1); }

 private:
  int fd_ = -1;
};

// Non-blocking, close-on-exec, bound. TCP and TLS sockets listen. `v6_only` concerns the host "::", which
// else takes IPv4 as well. `reuse_port` lets several UDP sockets share the port.
Result<UniqueFd> OpenSocket(const ListenerOptions& options, bool v6_only);
// A second descriptor of the same socket.
Result<UniqueFd> Duplicate(int fd);

// Asks for `octets` (beyond the system's limit where the process may) and returns what was granted.
std::size_t SetReceiveBuffer(int fd, std::size_t octets);

// Datagrams that the kernel has dropped since this socket was opened: the counter behind SO_RXQ_OVFL, which
// can also be asked for while no datagram arrives.
std::uint32_t KernelDropCount(int fd);

// "127.0.0.1:5140", "[::1]:5140" or a path.
std::string BoundAddress(int fd);
std::uint16_t BoundPort(int fd);
std::string PrintEndpoint(const IpAddress& address, std::uint16_t port);

struct Peer {
  IpAddress address;
  std::uint16_t port = 0;
};
// Not present for other families than IPv4 and IPv6.
Peer PeerOf(const sockaddr_storage& address);

// The next connection of a listening socket, non-blocking, close-on-exec. Not valid: errno says why.
struct Accepted {
  UniqueFd fd;
  Peer peer;
};
Accepted AcceptFrom(int socket);
// The process or the system is out of descriptors or memory, so that asking again at once is of no use.
bool IsExhaustion(int error);

}  // namespace cistern
