// A sink and events that remember, and small blocking clients, for tests of the network layer.
#pragma once

#include <sys/socket.h>

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "ingest/net/net_server.h"
#include "ingest/net/socket_util.h"

namespace cistern::testing {

// Waits in tests end here at the latest: only a failing test waits that long.
inline constexpr std::chrono::seconds kPatience{30};

// A record that owns its texts.
struct SeenRecord {
  std::string raw, message, app_name, listener, tls_identity;
  IpAddress peer;
  std::uint16_t port = 0;
  Transport transport = Transport::kUnknown;
  FrameKind frame_kind = FrameKind::kDatagram;
  std::uint32_t flags = 0;
  std::int64_t received = 0, time = 0;
};

class FakeSink : public BatchSink {
 public:
  std::unique_ptr<RecordBatch> NewBatch() override;
  bool TryPush(std::unique_ptr<RecordBatch>& batch) override;
  void NotifyWhenSpace(std::function<void()> wake) override;

  void SetFull(bool full);
  // Waits until a push was refused.
  void WaitForRefusal();
  // All records so far, once there are at least `count` (or the patience is over).
  std::vector<SeenRecord> WaitFor(std::size_t count);
  std::vector<SeenRecord> records() const;

 private:
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<SeenRecord> records_;
  std::vector<std::function<void()>> waiters_;
  bool full_ = false;
  bool refused_ = false;
};

struct SeenClose {
  std::string listener, peer, detail;
  CloseReason reason;
  bool was_open;
};

struct SeenCertificate {
  std::string listener, error;
  std::int64_t not_after;
};

class FakeEvents : public IngestEvents {
 public:
  void Received(Transport transport, std::uint64_t messages, std::uint64_t octets) override;
  void Dropped(DropReason reason, std::uint64_t messages) override;
  void DatagramsDenied(std::string_view listener, const std::string& peer, std::uint64_t messages) override;
  void KernelDrops(std::string_view listener, std::uint64_t datagrams) override;
  void ConnectionOpened(std::string_view listener) override;
  void ConnectionClosed(std::string_view listener, const std::string& peer, CloseReason reason,
                        std::string_view detail, bool was_open) override;
  void CertificateLoaded(std::string_view listener, std::int64_t not_after,
                         const std::string& error) override;

  std::uint64_t received() const;
  std::uint64_t octets() const;
  std::uint64_t dropped(DropReason reason) const;
  std::uint64_t kernel_drops() const;
  // The peer that the last DatagramsDenied() named.
  std::string denied_peer() const;
  // Wait for the n-th (from 1) fact of its kind; a default value when none came.
  bool WaitForOpened(std::size_t count);
  SeenClose WaitForClosed(std::size_t count = 1);
  SeenCertificate WaitForCertificate(std::size_t count);
  bool WaitForDropped(DropReason reason, std::uint64_t messages);
  bool WaitForReceived(std::uint64_t messages);

 private:
  bool WaitUntil(std::function<bool()> condition);
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::uint64_t received_ = 0, octets_ = 0, kernel_drops_ = 0, opened_ = 0;
  std::map<DropReason, std::uint64_t> dropped_;
  std::string denied_peer_;
  std::vector<SeenClose> closed_;
  std::vector<SeenCertificate> certificates_;
};

// A blocking socket. Every call fails the test on error.
class Client {
 public:
  // `address` as ListenerStatus shows it; `type` SOCK_STREAM or SOCK_DGRAM.
  Client(const std::string& address, int type);
  void Send(std::string_view octets);
  void CloseSending();
  // Waits until the server closes; false when it sends something or nothing happens.
  bool WaitForClose();
  void Close() { fd_ = UniqueFd(); }
  int fd() const { return fd_.get(); }
  std::uint16_t port() const { return BoundPort(fd_.get()); }

 private:
  UniqueFd fd_;
};

ListenerOptions UdpListener(std::string host = "127.0.0.1");
ListenerOptions TcpListener(std::string host = "127.0.0.1");

// A server with its fakes. Start() fails the test on error.
class Rig {
 public:
  explicit Rig(NetServer::Options options = {.io_threads = 2,
                                             .certificate_check_interval = std::chrono::milliseconds(10)});
  ~Rig();
  void Start(std::vector<ListenerOptions> listeners);
  std::string address(std::size_t listener = 0) const;
  void Drain(std::chrono::milliseconds time = kPatience);

  FakeSink sink;
  FakeEvents events;
  std::unique_ptr<NetServer> server;
};

std::vector<std::string> Messages(const std::vector<SeenRecord>& records);

}  // namespace cistern::testing
