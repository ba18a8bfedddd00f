// Sockets as the sender needs them.
#pragma once

#include <string>
#include <utility>

#include "ctl/sender/endpoint.h"

namespace cistern::ctl {

// Owns a file descriptor.
class Socket {
 public:
  Socket() = default;
  explicit Socket(int fd) : fd_(fd) {}
  Socket(Socket&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Socket& operator=(Socket&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  ~Socket();
  int fd() const { return fd_; }
  bool open() const { return fd_ >= 0; }

 private:
  int fd_ = -1;
};

// A connected, blocking socket for any kind but kGrpc. Not open, and `error`, when it fails.
Socket ConnectSocket(const Endpoint& endpoint, std::string& error);

// `what: reason of errno`.
std::string ErrnoText(const std::string& what);

// Says that nothing more comes, then reads until the peer closes as well, so that no octet it has not read
// yet is lost to a reset. False when it does not close within 30 s, or resets.
bool DrainAndClose(int fd);

}  // namespace cistern::ctl
