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
#include "ingest/net/tls_context.h"

namespace cistern {

// Immutable; replaced as a whole.
struct StreamSettings {
  ListenerOptions options;
  std::shared_ptr<const ZoneTable> zones;  // not null
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

  // Counts a connection of `peer`, or says which limit forbids it.
  enum class Admission : std::uint8_t { kAdmitted, kTotalLimit, kPeerLimit };
  Admission Admit(const IpAddress& peer);
  void Release(const IpAddress& peer);
  int connections() const;

 private:
  const std::string name_;
  const Transport transport_;
  std::atomic<std::uint64_t> version_{0};
  std::atomic<bool> retired_{false};

  mutable std::mutex mutex_;  // guards what follows
  std::shared_ptr<const StreamSettings> settings_;
  std::shared_ptr<const TlsContext> tls_;
  std::map<IpAddress, int> per_peer_;
  int connections_ = 0;
};

}  // namespace cistern
