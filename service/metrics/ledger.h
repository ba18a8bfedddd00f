// The loss ledger and the other counters of the daemon.
//
// Invariant: received = stored + dropped + in flight; at rest in flight is 0. Everything that takes a message
// off the network counts it as received before it is pushed, and every message ends as stored or dropped
// once. Threads: any; relaxed atomics, one addition a batch.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>

#include "ingest/net/sink.h"

namespace cistern {

inline constexpr std::size_t kTransports = 7;
inline constexpr std::size_t kFormats = 3;
inline constexpr std::size_t kDropReasons = static_cast<std::size_t>(DropReason::kDenied) + 1;
inline constexpr std::size_t kCloseReasons = static_cast<std::size_t>(CloseReason::kProxyRefused) + 1;

// A consistent enough copy: `received` is read last, so in flight is never negative.
struct LedgerSnapshot {
  std::array<std::uint64_t, kTransports> received{}, received_octets{};
  std::array<std::uint64_t, kFormats> parsed{};
  std::array<std::uint64_t, kDropReasons> dropped{};
  std::array<std::uint64_t, kCloseReasons> closed{};
  std::uint64_t stored = 0, kernel_drops = 0, expired = 0;
  std::uint64_t received_total() const;
  std::uint64_t dropped_total() const;
  std::uint64_t in_flight() const;
};

// "rules", "storage" for reasons that arise behind the queue, else "ingest".
const char* DropStage(DropReason reason);

class Ledger {
 public:
  void Received(Transport transport, std::uint64_t messages, std::uint64_t octets) {
    Add(received_[static_cast<std::size_t>(transport)], messages);
    Add(octets_[static_cast<std::size_t>(transport)], octets);
  }
  void Dropped(DropReason reason, std::uint64_t n) { Add(dropped_[static_cast<std::size_t>(reason)], n); }
  void Stored(std::uint64_t n) { Add(stored_, n); }
  void Parsed(Format format, std::uint64_t n) { Add(parsed_[static_cast<std::size_t>(format)], n); }
  void KernelDrops(std::uint64_t n) { Add(kernel_drops_, n); }
  void Expired(std::uint64_t n) { Add(expired_, n); }
  void Closed(CloseReason reason) { Add(closed_[static_cast<std::size_t>(reason)], 1); }
  LedgerSnapshot Read() const;

 private:
  using Counter = std::atomic<std::uint64_t>;
  static void Add(Counter& counter, std::uint64_t n) { counter.fetch_add(n, std::memory_order_relaxed); }
  std::array<Counter, kTransports> received_{}, octets_{};
  std::array<Counter, kFormats> parsed_{};
  std::array<Counter, kDropReasons> dropped_{};
  std::array<Counter, kCloseReasons> closed_{};
  Counter stored_{0}, kernel_drops_{0}, expired_{0};
};

}  // namespace cistern
