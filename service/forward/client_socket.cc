#include "service/forward/client_socket.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <limits>
#include <system_error>
#include <utility>

namespace cistern {
namespace {

using std::chrono::steady_clock;

// Beyond it the rest waits in the target, where it is not in doubt when the connection breaks.
constexpr int kMostUnsent = 512 << 10;
// Of what the other side says, before it is its turn again to listen.
constexpr int kMostReads = 16;

Failure StoppedFailure() { return {FailureReason::kStopped, "stopped"}; }

Failure ConnectFailure(const SocketAddress& address, int error) {
  return {FailureReason::kConnect, "connect to " + address.ToString() + ": " + SocketErrorText(error)};
}

Result<Connected, Failure> ConnectOne(const SocketAddress& address, steady_clock::time_point deadline,
                                      const Stop& stop) {
  UniqueFd fd(socket(address.storage.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!fd.valid()) return ConnectFailure(address, errno);
  if (connect(fd.get(), address.get(), address.size) == 0) return Connected{std::move(fd), address};
  if (errno != EINPROGRESS) return ConnectFailure(address, errno);
  const Waited waited = WaitFor(fd.get(), POLLOUT, deadline, &stop);
  if (waited == Waited::kStopped) return StoppedFailure();
  if (waited == Waited::kTimeout) return ConnectFailure(address, ETIMEDOUT);
  int error = 0;
  socklen_t size = sizeof error;
  getsockopt(fd.get(), SOL_SOCKET, SO_ERROR, &error, &size);
  if (error != 0) return ConnectFailure(address, error);
  return Connected{std::move(fd), address};
}

void SetOption(int fd, int level, int name, int value) { setsockopt(fd, level, name, &value, sizeof value); }

// Finds out about a peer that is gone: in a minute while nothing is sent.
void SetOptions(int fd) {
  SetOption(fd, SOL_SOCKET, SO_KEEPALIVE, 1);
  SetOption(fd, IPPROTO_TCP, TCP_KEEPIDLE, 30);
  SetOption(fd, IPPROTO_TCP, TCP_KEEPINTVL, 10);
  SetOption(fd, IPPROTO_TCP, TCP_KEEPCNT, 3);
  SetOption(fd, IPPROTO_TCP, TCP_NOTSENT_LOWAT, kMostUnsent);
}

class Plain final : public ClientStream {
 public:
  using ClientStream::ClientStream;

 private:
  Io TryWrite(std::string_view octets, std::size_t& taken) override {
    const ssize_t sent = send(fd(), octets.data(), octets.size(), MSG_NOSIGNAL);
    if (sent < 0) return errno == EAGAIN || errno == EINTR ? Io::kWantWrite : Fail(errno);
    taken = static_cast<std::size_t>(sent);
    return Io::kDone;
  }
  Io TryRead(std::span<char> buffer, std::size_t& got) override {
    const ssize_t read = recv(fd(), buffer.data(), buffer.size(), 0);
    if (read < 0) return errno == EAGAIN || errno == EINTR ? Io::kWantRead : Fail(errno);
    got = static_cast<std::size_t>(read);
    return read == 0 ? Io::kEnd : Io::kDone;
  }
  Io TryFinish() override { return shutdown(fd(), SHUT_WR) == 0 ? Io::kDone : Fail(errno); }
  Io TryEnd() override { return Io::kEnd; }
};

}  // namespace

Waited WaitFor(int fd, short events, steady_clock::time_point deadline, const Stop* stop) {
  std::array<pollfd, 2> polled{{{fd, events, 0}, {stop ? stop->fd() : -1, POLLIN, 0}}};
  while (true) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(
        std::clamp<std::chrono::nanoseconds>(deadline - steady_clock::now(), {}, std::chrono::hours(1)));
    const int ready = poll(polled.data(), polled.size(), static_cast<int>(left.count()));
    if (ready > 0 && polled[1].revents != 0) return Waited::kStopped;
    if (ready > 0) return Waited::kReady;
    if (ready == 0 && steady_clock::now() >= deadline) return Waited::kTimeout;
  }
}

std::string SocketErrorText(int error) {
  switch (error) {
    case ECONNREFUSED:
      return "refused";
    case ETIMEDOUT:
      return "no answer";
    case ECONNRESET:
    case EPIPE:
      return "the other side broke the connection";
    default:
      return std::generic_category().message(error);
  }
}

Result<Connected, Failure> ConnectTcp(std::span<const SocketAddress> addresses,
                                      steady_clock::time_point deadline, const Stop& stop) {
  Failure failure{FailureReason::kConnect, "no address to connect to"};
  for (std::size_t i = 0; i < addresses.size(); ++i) {
    // An address that does not answer leaves time for the others.
    const auto now = steady_clock::now();
    const auto share = (deadline - now) / static_cast<int>(addresses.size() - i);
    auto connected = ConnectOne(addresses[i], now + share, stop);
    if (connected) SetOptions(connected->fd.get());
    if (connected || connected.error().reason == FailureReason::kStopped) return connected;
    failure = connected.error();
  }
  return failure;
}

std::unique_ptr<ClientStream> PlainStream(Connected connected, std::string name) {
  return std::make_unique<Plain>(std::move(connected), std::move(name));
}

ClientStream::Io ClientStream::Fail(int error) {
  const bool timeout = error == ETIMEDOUT;
  return Fail(timeout ? FailureReason::kTimeout : FailureReason::kClosed, SocketErrorText(error));
}

ClientStream::Io ClientStream::Fail(FailureReason reason, std::string why) {
  reason_ = reason;
  why_ = std::move(why);
  return Io::kFailed;
}

Failure ClientStream::Broken() const { return {reason_, "connection to " + name_ + ": " + why_}; }

void ClientStream::SetUserTimeout(std::chrono::nanoseconds timeout) {
  const auto limit = std::clamp<std::chrono::milliseconds::rep>(
      std::chrono::ceil<std::chrono::milliseconds>(timeout).count(), 1, std::numeric_limits<int>::max());
  SetOption(fd_.get(), IPPROTO_TCP, TCP_USER_TIMEOUT, static_cast<int>(limit));
}

std::optional<Failure> ClientStream::WriteSome(std::string_view octets, std::size_t& written) {
  while (written < octets.size()) {
    std::size_t taken = 0;
    const Io io = TryWrite(octets.substr(written), taken);
    if (io == Io::kFailed || io == Io::kEnd) return Broken();
    written += taken;
    if (io == Io::kDone) continue;
    awaited_ = io == Io::kWantRead ? POLLIN : POLLIN | POLLOUT;
    return std::nullopt;
  }
  return std::nullopt;
}

std::optional<Failure> ClientStream::Write(std::string_view octets, std::size_t& written,
                                           std::chrono::nanoseconds timeout, const Stop* stop) {
  while (true) {
    if (auto failure = WriteSome(octets, written)) return failure;
    if (written == octets.size()) return std::nullopt;
    const Waited waited = WaitFor(fd(), awaited_, steady_clock::now() + timeout, stop);
    if (waited == Waited::kStopped) return StoppedFailure();
    if (waited == Waited::kTimeout) return Stalled();
    if (auto failure = CheckPeer()) return failure;
  }
}

Failure ClientStream::Stalled() const {
  return {FailureReason::kTimeout, "connection to " + name_ + ": the other side takes nothing"};
}

std::optional<Failure> ClientStream::CheckPeer() {
  std::array<char, 4096> forgotten;
  for (int reads = 0; reads < kMostReads; ++reads) {
    std::size_t got = 0;
    switch (TryRead(forgotten, got)) {
      case Io::kDone:
        continue;
      case Io::kWantRead:
      case Io::kWantWrite:
        return std::nullopt;
      case Io::kEnd:
        return Failure{FailureReason::kClosed, "connection to " + name_ + ": the other side closed it"};
      case Io::kFailed:
        return Broken();
    }
  }
  return std::nullopt;
}

std::optional<Failure> ClientStream::Finish(steady_clock::time_point deadline) {
  if (TryFinish() == Io::kFailed) return Broken();
  std::array<char, 4096> forgotten;
  for (bool ended = false;;) {
    std::size_t got = 0;
    const Io io = ended ? TryEnd() : TryRead(forgotten, got);
    if (io == Io::kFailed) return Broken();
    if (io == Io::kEnd) {
      if (std::exchange(ended, true)) return std::nullopt;
      continue;
    }
    if (steady_clock::now() >= deadline) break;
    if (io != Io::kDone) WaitFor(fd(), io == Io::kWantWrite ? POLLOUT : POLLIN, deadline, nullptr);
  }
  return Failure{FailureReason::kTimeout, "connection to " + name_ + ": the other side did not end it"};
}

}  // namespace cistern
