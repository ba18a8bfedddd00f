// A server on a port of its own that keeps what every connection sent, and can misbehave.
#pragma once

#include <openssl/types.h>

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <limits>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "ingest/net/socket_util.h"

namespace cistern::testing {

class StreamServer {
 public:
  static constexpr std::size_t kNever = std::numeric_limits<std::size_t>::max();
  struct Behaviour {
    std::size_t reset_after = kNever;      // octets of the first connection
    std::size_t hang_after = kNever;       // likewise; until Wake()
    SSL_CTX* tls = nullptr;                // speaks TLS
    std::chrono::milliseconds goodbye{0};  // from the goodbye of TLS to the end of the connection
    std::uint16_t port = 0;
  };
  explicit StreamServer(Behaviour behaviour);
  StreamServer() : StreamServer(Behaviour{}) {}
  ~StreamServer();

  std::uint16_t port() const { return port_; }
  std::string address() const { return "127.0.0.1:" + std::to_string(port_); }
  void Wake();
  // Ends all connections without an error, and then the server.
  void Close();
  // What each connection sent so far.
  std::vector<std::string> received() const;
  // All connections, one behind the other.
  std::string all() const;
  bool WaitFor(const std::function<bool(const std::vector<std::string>&)>& condition);

 private:
  void Accept();
  void Serve(std::size_t index, UniqueFd fd);
  void Read(std::size_t index, int fd, SSL* ssl);

  const Behaviour behaviour_;
  UniqueFd listener_;
  std::uint16_t port_ = 0;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::string> received_;
  std::vector<std::thread> threads_;
  bool awake_ = false, closing_ = false;
  std::thread acceptor_;
};

}  // namespace cistern::testing
