#include "ctl/sender/connection.h"

#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>

#include "ctl/sender/socket.h"
#include "ctl/sender/tls_connection.h"

namespace cistern::ctl {
namespace {

// How many messages of `batch` lie whole in its first `octets` octets, framing included.
std::size_t WholeMessages(const Batch& batch, std::size_t octets) {
  std::size_t whole = 0;
  while (whole < batch.size()) {
    const std::string_view message = batch.message(whole);
    if (static_cast<std::size_t>(message.data() + message.size() - batch.octets().data()) > octets) break;
    ++whole;
  }
  return whole;
}

class TcpConnection final : public Connection {
 public:
  TcpConnection(Socket socket, std::string peer) : socket_(std::move(socket)), peer_(std::move(peer)) {}

  std::size_t Send(const Batch& batch) override {
    std::string_view rest = batch.octets();
    while (!rest.empty()) {
      const ssize_t written = send(socket_.fd(), rest.data(), rest.size(), MSG_NOSIGNAL);
      if (written >= 0) {
        rest.remove_prefix(static_cast<std::size_t>(written));
      } else if (errno != EINTR) {
        failed_ = true;
        error_ = ErrnoText(peer_);
        return WholeMessages(batch, batch.octets().size() - rest.size());
      }
    }
    return batch.size();
  }

  bool Finish() override {
    if (failed_) return false;
    if (DrainAndClose(socket_.fd())) return true;
    error_ = peer_ + ": did not close, so it may not have read everything";
    return false;
  }

 private:
  Socket socket_;
  const std::string peer_;
};

class DatagramConnection final : public Connection {
 public:
  DatagramConnection(Socket socket, const Endpoint& endpoint)
      : socket_(std::move(socket)),
        peer_(endpoint.Address()),
        is_unix_(endpoint.kind == Endpoint::Kind::kUnix) {}

  std::size_t Send(const Batch& batch) override {
    std::size_t sent = 0;
    for (std::size_t first = 0; first < batch.size();) {
      const int done = SendSome(batch, first, std::min(batch.size() - first, kMaxDatagrams));
      if (done > 0) {
        sent += static_cast<std::size_t>(done);
        first += static_cast<std::size_t>(done);
        stalls_ = 0;
      } else if (!Retry()) {
        ++first;  // this one is not sent
      }
    }
    const std::size_t lost = std::min(refused_, sent);
    refused_ -= lost;
    return sent - lost;
  }

  // A refusal of what was sent last is known at once on this machine; elsewhere nothing ever tells.
  bool Finish() override {
    int failure = 0;
    socklen_t length = sizeof failure;
    getsockopt(socket_.fd(), SOL_SOCKET, SO_ERROR, &failure, &length);
    if (failure == 0) return true;
    errno = failure;
    error_ = ErrnoText(peer_);
    return false;
  }

 private:
  static constexpr std::size_t kMaxDatagrams = 64;

  int SendSome(const Batch& batch, std::size_t first, std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) {
      const std::string_view message = batch.message(first + i);
      pieces_[i] = {const_cast<char*>(message.data()), message.size()};
      headers_[i] = {};
      headers_[i].msg_hdr.msg_iov = &pieces_[i];
      headers_[i].msg_hdr.msg_iovlen = 1;
    }
    return sendmmsg(socket_.fd(), headers_.data(), static_cast<unsigned>(count), MSG_NOSIGNAL);
  }

  // Whether the datagram at hand may go through if tried again.
  bool Retry() {
    if (errno == EINTR) return true;
    if (errno == EAGAIN || errno == ENOBUFS) {
      pollfd wait{socket_.fd(), POLLOUT, 0};
      poll(&wait, 1, 1);
      return ++stalls_ < kMaxStalls;
    }
    error_ = ErrnoText(peer_);
    if (errno != ECONNREFUSED || is_unix_) return false;
    ++refused_;  // an earlier datagram; this one was not tried
    return true;
  }

  static constexpr unsigned kMaxStalls = 1000;

  Socket socket_;
  const std::string peer_;
  std::array<iovec, kMaxDatagrams> pieces_{};
  std::array<mmsghdr, kMaxDatagrams> headers_{};
  const bool is_unix_;
  std::size_t refused_ = 0;  // datagrams known to have met nobody, not yet reported
  unsigned stalls_ = 0;
};

}  // namespace

std::unique_ptr<Connection> OpenConnection(const Endpoint& endpoint, const TlsOptions& tls,
                                           std::string& error) {
  Socket socket = ConnectSocket(endpoint, error);
  if (!socket.open()) return nullptr;
  switch (endpoint.kind) {
    case Endpoint::Kind::kTcp:
      return std::make_unique<TcpConnection>(std::move(socket), endpoint.Address());
    case Endpoint::Kind::kTls:
      return OpenTls(std::move(socket), endpoint, tls, error);
    default:
      return std::make_unique<DatagramConnection>(std::move(socket), endpoint);
  }
}

}  // namespace cistern::ctl
