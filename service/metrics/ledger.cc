#include "service/metrics/ledger.h"

#include <numeric>

namespace cistern {
namespace {

template <std::size_t N>
void Copy(const std::array<std::atomic<std::uint64_t>, N>& from, std::array<std::uint64_t, N>& to) {
  for (std::size_t i = 0; i < N; ++i) to[i] = from[i].load(std::memory_order_acquire);
}

}  // namespace

std::uint64_t LedgerSnapshot::received_total() const {
  return std::accumulate(received.begin(), received.end(), std::uint64_t{0});
}

std::uint64_t LedgerSnapshot::dropped_total() const {
  return std::accumulate(dropped.begin(), dropped.end(), std::uint64_t{0});
}

std::uint64_t LedgerSnapshot::in_flight() const {
  const std::uint64_t done = stored + dropped_total();
  const std::uint64_t taken = received_total();
  return taken > done ? taken - done : 0;
}

const char* DropStage(DropReason reason) {
  switch (reason) {
    case DropReason::kStoreError:
    case DropReason::kShutdown:
      return "storage";
    case DropReason::kRule:
      return "rules";
    case DropReason::kQueueFull:
    case DropReason::kDuplicate:
    case DropReason::kDiskFull:
    case DropReason::kEmpty:
    case DropReason::kDenied:
      return "ingest";
  }
  return "ingest";
}

LedgerSnapshot Ledger::Read() const {
  LedgerSnapshot out;
  out.stored = stored_.load(std::memory_order_acquire);
  out.kernel_drops = kernel_drops_.load(std::memory_order_acquire);
  out.expired = expired_.load(std::memory_order_acquire);
  Copy(dropped_, out.dropped);
  Copy(parsed_, out.parsed);
  Copy(closed_, out.closed);
  Copy(octets_, out.received_octets);
  Copy(received_, out.received);
  return out;
}

}  // namespace cistern
