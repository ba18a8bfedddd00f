#include "ingest/net/socket_util.h"

#include <fcntl.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

namespace cistern {
namespace {

constexpr int kListenBacklog = 1024;

boost::system::error_code LastError() { return {errno, boost::system::system_category()}; }

void SetOption(int fd, int level, int name, int value) {
  ::setsockopt(fd, level, name, &value, sizeof value);
}

// Fills `storage`; returns the length, 0 when `host` is no numeric address.
socklen_t MakeAddress(const std::string& host, std::uint16_t port, sockaddr_storage& storage) {
  const auto address = IpAddress::Parse(host);
  if (!address) return 0;
  std::memset(&storage, 0, sizeof storage);
  if (address->is_v4()) {
    auto& v4 = reinterpret_cast<sockaddr_in&>(storage);
    v4.sin_family = AF_INET;
    v4.sin_port = htons(port);
    std::memcpy(&v4.sin_addr, address->octets().data() + 12, 4);
    return sizeof v4;
  }
  auto& v6 = reinterpret_cast<sockaddr_in6&>(storage);
  v6.sin6_family = AF_INET6;
  v6.sin6_port = htons(port);
  std::memcpy(&v6.sin6_addr, address->octets().data(), 16);
  return sizeof v6;
}

Result<UniqueFd> OpenInetSocket(const ListenerOptions& options, bool v6_only) {
  sockaddr_storage address;
  const socklen_t length = MakeAddress(options.host, options.port, address);
  if (length == 0) return make_error_code(boost::system::errc::invalid_argument);

  const bool datagram = options.transport == Transport::kUdp;
  const int type = datagram ? SOCK_DGRAM : SOCK_STREAM;
  UniqueFd fd(::socket(address.ss_family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!fd.valid()) return LastError();
  if (address.ss_family == AF_INET6)
    SetOption(fd.get(), IPPROTO_IPV6, IPV6_V6ONLY, v6_only || options.host != "::");
  if (!datagram) SetOption(fd.get(), SOL_SOCKET, SO_REUSEADDR, 1);
  if (datagram && options.sockets > 1) SetOption(fd.get(), SOL_SOCKET, SO_REUSEPORT, 1);
  if (::bind(fd.get(), reinterpret_cast<sockaddr*>(&address), length) != 0) return LastError();
  if (!datagram && ::listen(fd.get(), kListenBacklog) != 0) return LastError();
  return fd;
}

sockaddr_storage OwnAddress(int fd) {
  sockaddr_storage address{};
  socklen_t length = sizeof address;
  ::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &length);
  return address;
}

// True when `path` is a socket that nobody serves any more.
bool IsStaleSocket(const sockaddr_un& address) {
  struct stat info;
  if (::lstat(address.sun_path, &info) != 0 || !S_ISSOCK(info.st_mode)) return false;
  const UniqueFd probe(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  return probe.valid() &&
         ::connect(probe.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 &&
         errno == ECONNREFUSED;
}

Result<UniqueFd> OpenUnixSocket(const ListenerOptions& options) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (options.unix_path.empty() || options.unix_path.size() >= sizeof address.sun_path)
    return make_error_code(boost::system::errc::filename_too_long);
  options.unix_path.copy(address.sun_path, sizeof address.sun_path - 1);

  UniqueFd fd(::socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!fd.valid()) return LastError();
  if (IsStaleSocket(address)) ::unlink(address.sun_path);
  if (::bind(fd.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) return LastError();
  if (::chmod(address.sun_path, options.unix_mode) != 0) return LastError();
  return fd;
}

}  // namespace

UniqueFd::~UniqueFd() {
  if (fd_ >= 0) ::close(fd_);
}

Result<UniqueFd> OpenSocket(const ListenerOptions& options, bool v6_only) {
  return options.transport == Transport::kUnix ? OpenUnixSocket(options) : OpenInetSocket(options, v6_only);
}

Result<UniqueFd> Duplicate(int fd) {
  UniqueFd copy(::fcntl(fd, F_DUPFD_CLOEXEC, 0));
  if (!copy.valid()) return LastError();
  return copy;
}

std::size_t SetReceiveBuffer(int fd, std::size_t octets) {
  const int wanted = static_cast<int>(std::min<std::size_t>(octets, 1u << 30));
  if (::setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &wanted, sizeof wanted) != 0)
    SetOption(fd, SOL_SOCKET, SO_RCVBUF, wanted);
  int granted = 0;
  socklen_t length = sizeof granted;
  ::getsockopt(fd, SOL_SOCKET, SO_RCVBUF, &granted, &length);
  return static_cast<std::size_t>(granted) / 2;  // Linux reports twice what was asked, for its own overhead
}

std::uint32_t KernelDropCount(int fd) {
  std::array<std::uint32_t, SK_MEMINFO_VARS> info{};
  socklen_t length = sizeof info;
  if (::getsockopt(fd, SOL_SOCKET, SO_MEMINFO, info.data(), &length) != 0) return 0;
  return info[SK_MEMINFO_DROPS];
}

std::string PrintEndpoint(const IpAddress& address, std::uint16_t port) {
  // The unspecified IPv6 address prints as nothing, because it means "no address" elsewhere.
  const std::string host = address.present() ? address.ToString() : "::";
  return (address.is_v4() ? host : "[" + host + "]") + ":" + std::to_string(port);
}

std::string BoundAddress(int fd) {
  const sockaddr_storage address = OwnAddress(fd);
  if (address.ss_family == AF_UNIX) return reinterpret_cast<const sockaddr_un&>(address).sun_path;
  const Peer bound = PeerOf(address);
  return PrintEndpoint(bound.address, bound.port);
}

std::uint16_t BoundPort(int fd) { return PeerOf(OwnAddress(fd)).port; }

Peer PeerOf(const sockaddr_storage& address) {
  if (address.ss_family == AF_INET) {
    const auto& v4 = reinterpret_cast<const sockaddr_in&>(address);
    return {IpAddress::V4(ntohl(v4.sin_addr.s_addr)), ntohs(v4.sin_port)};
  }
  if (address.ss_family == AF_INET6) {
    const auto& v6 = reinterpret_cast<const sockaddr_in6&>(address);
    std::array<std::uint8_t, 16> octets;
    std::memcpy(octets.data(), &v6.sin6_addr, octets.size());
    return {IpAddress::V6(octets), ntohs(v6.sin6_port)};
  }
  return {};
}

Accepted AcceptFrom(int socket) {
  sockaddr_storage address{};
  socklen_t length = sizeof address;
  UniqueFd fd(
      ::accept4(socket, reinterpret_cast<sockaddr*>(&address), &length, SOCK_NONBLOCK | SOCK_CLOEXEC));
  return {std::move(fd), PeerOf(address)};
}

bool IsExhaustion(int error) {
  return error == EMFILE || error == ENFILE || error == ENOBUFS || error == ENOMEM;
}

}  // namespace cistern
