#include "ctl/sender/socket.h"

#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstring>
#include <memory>

namespace cistern::ctl {
namespace {

constexpr int kConnectMillis = 10'000;
constexpr std::chrono::seconds kDrainTime{30};

// Connects within kConnectMillis. On failure errno says why.
bool Connect(int fd, const sockaddr* address, socklen_t size) {
  const int flags = fcntl(fd, F_GETFL);
  fcntl(fd, F_SETFL, flags | O_NONBLOCK);
  if (connect(fd, address, size) != 0) {
    if (errno != EINPROGRESS) return false;
    pollfd wait{fd, POLLOUT, 0};
    const int ready = poll(&wait, 1, kConnectMillis);
    int failure = ready == 0 ? ETIMEDOUT : ready < 0 ? errno : 0;
    socklen_t length = sizeof failure;
    if (ready > 0) getsockopt(fd, SOL_SOCKET, SO_ERROR, &failure, &length);
    errno = failure;
    if (failure != 0) return false;
  }
  fcntl(fd, F_SETFL, flags);
  return true;
}

Socket ConnectUnix(const Endpoint& endpoint, std::string& error) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (endpoint.path.size() >= sizeof address.sun_path) {
    error = endpoint.path + ": the path of a socket has at most 107 octets";
    return {};
  }
  std::memcpy(address.sun_path, endpoint.path.data(), endpoint.path.size());
  Socket socket(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  if (!socket.open() || connect(socket.fd(), reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) {
    error = ErrnoText(endpoint.path);
    return {};
  }
  return socket;
}

}  // namespace

Socket::~Socket() {
  if (fd_ >= 0) close(fd_);
}

std::string ErrnoText(const std::string& what) { return what + ": " + std::strerror(errno); }

Socket ConnectSocket(const Endpoint& endpoint, std::string& error) {
  if (endpoint.kind == Endpoint::Kind::kUnix) return ConnectUnix(endpoint, error);
  addrinfo hints{};
  hints.ai_socktype = endpoint.stream() ? SOCK_STREAM : SOCK_DGRAM;
  addrinfo* found = nullptr;
  if (const int code = getaddrinfo(endpoint.host.c_str(), endpoint.port.c_str(), &hints, &found); code != 0) {
    error = endpoint.host + ": " + gai_strerror(code);
    return {};
  }
  const std::unique_ptr<addrinfo, decltype(&freeaddrinfo)> owner(found, freeaddrinfo);
  for (const addrinfo* a = found; a != nullptr; a = a->ai_next) {
    Socket socket(::socket(a->ai_family, a->ai_socktype | SOCK_CLOEXEC, a->ai_protocol));
    if (socket.open() && Connect(socket.fd(), a->ai_addr, a->ai_addrlen)) {
      error.clear();
      return socket;
    }
    error = ErrnoText(endpoint.Address());
  }
  return {};
}

bool DrainAndClose(int fd) {
  shutdown(fd, SHUT_WR);
  const auto end = std::chrono::steady_clock::now() + kDrainTime;
  char ignored[4096];
  for (;;) {
    const auto left =
        std::chrono::duration_cast<std::chrono::milliseconds>(end - std::chrono::steady_clock::now());
    pollfd wait{fd, POLLIN, 0};
    if (left.count() <= 0 || poll(&wait, 1, static_cast<int>(left.count())) <= 0) return false;
    const ssize_t got = read(fd, ignored, sizeof ignored);
    if (got == 0) return true;
    if (got < 0 && errno != EINTR) return false;
  }
}

}  // namespace cistern::ctl
