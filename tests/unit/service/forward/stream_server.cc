#include "tests/unit/service/forward/stream_server.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <sys/socket.h>

#include <chrono>

namespace cistern::testing {
namespace {

constexpr auto kPatience = std::chrono::seconds(30);
constexpr int kTurn = 10;  // ms between looks whether the test is over

bool Readable(int fd) {
  pollfd polled{fd, POLLIN, 0};
  return poll(&polled, 1, kTurn) > 0;
}

}  // namespace

StreamServer::StreamServer(Behaviour behaviour)
    : behaviour_(behaviour), listener_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(behaviour.port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  const int on = 1;
  setsockopt(listener_.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  EXPECT_EQ(bind(listener_.get(), reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  EXPECT_EQ(listen(listener_.get(), 16), 0);
  port_ = BoundPort(listener_.get());
  acceptor_ = std::thread([this] { Accept(); });
}

StreamServer::~StreamServer() { Close(); }

void StreamServer::Wake() {
  const std::lock_guard lock(mutex_);
  awake_ = true;
  changed_.notify_all();
}

void StreamServer::Close() {
  {
    const std::lock_guard lock(mutex_);
    closing_ = awake_ = true;
    changed_.notify_all();
  }
  if (acceptor_.joinable()) acceptor_.join();
  listener_ = UniqueFd();
  for (std::thread& thread : threads_) thread.join();
  threads_.clear();
}

std::vector<std::string> StreamServer::received() const {
  const std::lock_guard lock(mutex_);
  return received_;
}

std::string StreamServer::all() const {
  std::string all;
  for (const std::string& octets : received()) all += octets;
  return all;
}

bool StreamServer::WaitFor(const std::function<bool(const std::vector<std::string>&)>& condition) {
  std::unique_lock lock(mutex_);
  return changed_.wait_for(lock, kPatience, [&] { return condition(received_); });
}

void StreamServer::Accept() {
  while (true) {
    const bool ready = Readable(listener_.get());
    const std::lock_guard lock(mutex_);
    if (closing_) return;
    if (!ready) continue;
    UniqueFd fd(accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
    received_.emplace_back();
    changed_.notify_all();
    threads_.emplace_back(
        [this, index = received_.size() - 1, fd = std::move(fd)]() mutable { Serve(index, std::move(fd)); });
  }
}

void StreamServer::Serve(std::size_t index, UniqueFd fd) {
  if (!behaviour_.tls) return Read(index, fd.get(), nullptr);
  const std::unique_ptr<SSL, decltype(&SSL_free)> ssl(SSL_new(behaviour_.tls), &SSL_free);
  SSL_set_fd(ssl.get(), fd.get());
  if (SSL_accept(ssl.get()) == 1) Read(index, fd.get(), ssl.get());
  SSL_shutdown(ssl.get());
  std::this_thread::sleep_for(behaviour_.goodbye);
}

void StreamServer::Read(std::size_t index, int fd, SSL* ssl) {
  char buffer[16384];
  while (true) {
    {
      std::unique_lock lock(mutex_);
      const std::size_t size = received_[index].size();
      if (index == 0 && size >= behaviour_.reset_after) {
        const linger hard{1, 0};
        setsockopt(fd, SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
        return;
      }
      if (index == 0 && size >= behaviour_.hang_after) changed_.wait(lock, [this] { return awake_; });
      if (closing_) return;
    }
    if ((!ssl || SSL_pending(ssl) == 0) && !Readable(fd)) continue;
    const ssize_t got = ssl ? SSL_read(ssl, buffer, sizeof buffer) : recv(fd, buffer, sizeof buffer, 0);
    if (got <= 0) return;
    const std::lock_guard lock(mutex_);
    received_[index].append(buffer, static_cast<std::size_t>(got));
    changed_.notify_all();
  }
}

}  // namespace cistern::testing
