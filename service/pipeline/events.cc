// The IngestEvents side of the pipeline: counting, and log lines that cannot flood.
#include <spdlog/spdlog.h>

#include "service/pipeline/pipeline.h"

namespace cistern {

void Pipeline::Received(Transport transport, std::uint64_t messages, std::uint64_t octets) {
  ledger_.Received(transport, messages, octets);
}

void Pipeline::Dropped(DropReason reason, std::uint64_t messages) {
  if (reason == DropReason::kQueueFull && is_degraded()) reason = DropReason::kDiskFull;
  ledger_.Dropped(reason, messages);
  if (reason == DropReason::kQueueFull)
    LogThrottled("queue_full", "queue is full: datagrams are being dropped");
}

void Pipeline::DatagramsDenied(std::string_view listener, const std::string& peer, std::uint64_t messages) {
  ledger_.Dropped(DropReason::kDenied, messages);
  LogThrottled("denied/" + std::string(listener),
               fmt::format("listener \"{}\": datagrams from {} dropped: denied", listener, peer));
}

void Pipeline::KernelDrops(std::string_view listener, std::uint64_t datagrams) {
  ledger_.KernelDrops(datagrams);
  LogThrottled(
      "kernel/" + std::string(listener),
      fmt::format("listener \"{}\": the kernel dropped {} datagrams before they could be read; a larger "
                  "receive_buffer or more sockets may help",
                  listener, datagrams));
}

void Pipeline::ConnectionOpened(std::string_view) {}

void Pipeline::ConnectionClosed(std::string_view listener, const std::string& peer, CloseReason reason,
                                std::string_view detail, bool) {
  ledger_.Closed(reason);
  if (reason == CloseReason::kPeerClosed || reason == CloseReason::kDraining) return;
  const std::string_view name = CloseReasonName(reason);
  LogThrottled(fmt::format("close/{}/{}", listener, name),
               fmt::format("listener \"{}\": connection from {} closed: {}{}{}", listener, peer, name,
                           detail.empty() ? "" : ": ", detail));
}

void Pipeline::CertificateLoaded(std::string_view listener, std::int64_t not_after_unix,
                                 const std::string& error) {
  {
    std::lock_guard lock(mutex_);
    CertificateState& state = certificates_[std::string(listener)];
    state.stale = !error.empty();
    if (error.empty()) state.not_after = not_after_unix;
  }
  if (error.empty()) {
    spdlog::info("listener \"{}\": certificate loaded", listener);
  } else {
    spdlog::error("listener \"{}\": new certificate refused, the old one stays: {}", listener, error);
  }
}

std::unordered_map<std::string, CertificateState> Pipeline::certificates() const {
  std::lock_guard lock(mutex_);
  return certificates_;
}

// One line a kind and period; what was left out is counted and said with the next line.
void Pipeline::LogThrottled(std::string key, const std::string& line) {
  constexpr auto kPeriod = std::chrono::seconds(10);
  const auto now = std::chrono::steady_clock::now();
  std::uint64_t suppressed = 0;
  {
    std::lock_guard lock(mutex_);
    if (throttle_.size() >= 1024) throttle_.clear();
    auto& [next, count] = throttle_[std::move(key)];
    if (now < next) {
      ++count;
      return;
    }
    suppressed = std::exchange(count, 0);
    next = now + kPeriod;
  }
  if (suppressed > 0) {
    spdlog::warn("{} ({} similar lines left out)", line, suppressed);
  } else {
    spdlog::warn("{}", line);
  }
}

}  // namespace cistern
