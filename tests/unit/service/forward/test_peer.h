// The other side of a connection, played by a test: listens on loopback and serves one connection after the
// other.
#pragma once

#include <openssl/types.h>

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

namespace cistern::testing {

// A key and a certificate that signs itself, for `name` (or an address); expired when `days` is negative.
struct TestCertificate {
  explicit TestCertificate(const std::string& name, int days = 1);
  ~TestCertificate();
  TestCertificate(const TestCertificate&) = delete;
  // Writes the certificate as PEM.
  void Write(const std::string& path) const;

  EVP_PKEY* key;
  X509* certificate;
};

// One accepted connection. Reads and writes block; all fail once the peer is stopped.
class PeerConnection {
 public:
  explicit PeerConnection(int fd) : fd_(fd) {}
  ~PeerConnection();
  bool StartTls(const TestCertificate& certificate);
  // A line without its end; false: the other side is gone.
  bool ReadLine(std::string& line);
  bool Read(std::size_t count, std::string& data);
  bool Write(const std::string& data);
  // Waits until the other side or the test goes away.
  void Hang();
  // Ends with RST instead of FIN.
  void Reset();

 private:
  bool Fill();

  const int fd_;
  SSL_CTX* context_ = nullptr;
  SSL* tls_ = nullptr;
  std::string buffer_;
};

class TestPeer {
 public:
  using Serve = std::function<void(PeerConnection&)>;
  explicit TestPeer(Serve serve);
  ~TestPeer();
  std::uint16_t port() const { return port_; }
  int connections() const { return connections_; }

 private:
  void Run();

  const Serve serve_;
  int listener_;
  std::uint16_t port_ = 0;
  std::atomic<int> connections_{0};
  std::mutex mutex_;
  int current_ = -1;  // guarded by mutex_
  bool stopped_ = false;
  std::thread thread_;
};

}  // namespace cistern::testing
