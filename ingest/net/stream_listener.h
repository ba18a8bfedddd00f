// What the connections of one TCP or TLS listener share: settings, limits and counters.
//
// Threads: every method from any thread.
#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "ingest/net/listener_options.h"
#include "ingest/net/sink.h"
#include "ingest/net/socket_util.h"
#include "ingest/net/tls_context.h"

namespace cistern {

// Immutable; replaced as a whole.
struct StreamSettings {
  ListenerOptions options;
  std::shared_ptr<const ZoneTable> zones;  // not null
};

// An accepted connection.
struct Arrival {
  Peer peer;
  bool awaits_header = false;  // of a load balancer: a PROXY header is going to name the sender
};

class StreamListener {
 public:
  // `tls` is null for plain TCP.
  StreamListener(StreamSettings settings, std::shared_ptr<const TlsContext> tls);

  const std::string& name() const { return name_; }
  Transport transport() const { return transport_; }

  std::shared_ptr<const StreamSettings> settings() const;
  std::shared_ptr<const TlsContext> tls() const;
  // Grows with every Apply(), so that a connection notices new settings without a lock.
  std::uint64_t version() const { return version_.load(std::memory_order_acquire); }
  void Apply(StreamSettings settings);
  // New handshakes use `tls`.
  void UseTls(std::shared_ptr<const TlsContext> tls);

  // It was removed: what is still being accepted is read out and closed.
  void Retire() { retired_.store(true, std::memory_order_release); }
  bool retired() const { return retired_.load(std::memory_order_acquire); }

  // Counts a connection of `peer`, or says what forbids it. kAwaitsHeader: it is of a load balancer, and its
  // header is going to name the sender; only the total counts it so far.
  enum class Admission : std::uint8_t { kAdmitted, kAwaitsHeader, kDenied, kTotalLimit, kPeerLimit };
  Admission Admit(const IpAddress& peer);
  // Counts an admitted connection as one of `sender`, whom its header names: kAdmitted, kDenied or
  // kPeerLimit.
  Admission AdmitSender(const IpAddress& sender);
  // `sender`: for whom it was counted; null while it awaited its header.
  void Release(const IpAddress* sender);
  int connections() const;

  // A connection was closed or refused: kept for denied() and proxy_refused().
  void CountClosed(CloseReason reason);
  std::uint64_t denied() const { return denied_.load(std::memory_order_relaxed); }
  std::uint64_t proxy_refused() const { return proxy_refused_.load(std::memory_order_relaxed); }

 private:
  Admission CountSender(const IpAddress& sender);

  const std::string name_;
  const Transport transport_;
  std::atomic<std::uint64_t> version_{0};
  std::atomic<bool> retired_{false};
  std::atomic<std::uint64_t> denied_{0}, proxy_refused_{0};

  mutable std::mutex mutex_;  // guards what follows
  std::shared_ptr<const StreamSettings> settings_;
  std::shared_ptr<const TlsContext> tls_;
  std::map<IpAddress, int> per_peer_;
  int connections_ = 0;
};

}  // namespace cistern
