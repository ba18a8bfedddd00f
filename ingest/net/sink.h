// What the network layer hands batches and facts to. Implemented by service/pipeline; tests use small fakes.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "ingest/message/record_batch.h"

namespace cistern {

// The bounded queue between ingest and store. Threads: every method from any thread.
class BatchSink {
 public:
  virtual ~BatchSink() = default;

  // An empty batch, recycled if possible.
  virtual std::unique_ptr<RecordBatch> NewBatch() = 0;

  // Takes `batch` and returns true, or leaves it alone and returns false when the queue is full.
  // The records are counted as received by the caller (IngestEvents::Received), before the push.
  virtual bool TryPush(std::unique_ptr<RecordBatch>& batch) = 0;

  // Calls `wake` once, from any thread, when TryPush may succeed again (at once if it may now), and also when
  // the pipeline shuts down. `wake` only posts to its own thread.
  virtual void NotifyWhenSpace(std::function<void()> wake) = 0;
};

enum class DropReason : std::uint8_t {
  kQueueFull,   // UDP and Unix datagrams while the queue is full
  kDuplicate,   // gRPC sequence already committed
  kDiskFull,    // UDP and Unix datagrams while the store cannot write
  kStoreError,  // the store failed for good
  kShutdown,    // could not be committed before the drain deadline
  kEmpty,       // nothing left after trailing CR, LF and NUL were removed
  kRule,        // an ingest rule dropped it
  kDenied,      // a datagram of a sender that the listener does not allow
};
// "queue_full" "duplicate" "disk_full" "store_error" "shutdown" "empty" "rule" "denied"
std::string_view DropReasonName(DropReason reason);

enum class CloseReason : std::uint8_t {
  kPeerClosed,
  kReadError,
  kIdleTimeout,
  kPartialFrameTimeout,
  kFramingLost,
  kHandshakeTimeout,
  kHandshakeFailed,
  kPlaintextOnTls,
  kTotalLimit,
  kPeerLimit,
  kOutOfDescriptors,
  kDraining,
  kDenied,        // the listener does not allow the sender
  kProxyRefused,  // a PROXY header of somebody who may send none, or none or a malformed one of a load
                  // balancer
};
std::string_view CloseReasonName(CloseReason reason);  // "peer_closed" ...

// Counters and facts. Threads: every method from any thread; cheap; never blocks.
class IngestEvents {
 public:
  virtual ~IngestEvents() = default;
  // Taken off the network, before parsing. Called per batch of reads, not per message.
  virtual void Received(Transport transport, std::uint64_t messages, std::uint64_t octets) = 0;
  virtual void Dropped(DropReason reason, std::uint64_t messages) = 0;
  // Datagrams of senders that the listener does not allow, `peer` one of them: received, and now dropped.
  // Implementations rate-limit what they log.
  virtual void DatagramsDenied(std::string_view listener, const std::string& peer,
                               std::uint64_t messages) = 0;
  // The kernel dropped datagrams before this socket was read (SO_RXQ_OVFL difference).
  virtual void KernelDrops(std::string_view listener, std::uint64_t datagrams) = 0;
  virtual void ConnectionOpened(std::string_view listener) = 0;
  // `detail` explains (TLS error text, octet offset); may be empty. Called for refused connections as well,
  // with `was_open` false. Implementations rate-limit what they log.
  virtual void ConnectionClosed(std::string_view listener, const std::string& peer, CloseReason reason,
                                std::string_view detail, bool was_open) = 0;
  // A certificate pair was loaded (`error` empty) or refused (the old one stays).
  virtual void CertificateLoaded(std::string_view listener, std::int64_t not_after_unix,
                                 const std::string& error) = 0;
};

}  // namespace cistern
