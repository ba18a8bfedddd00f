// Calls that ended, by their status. Threads: any.
#pragma once

#include <grpcpp/support/status_code_enum.h>

#include <array>
#include <atomic>
#include <cstdint>

namespace cistern {

inline constexpr std::size_t kStatusCodes = 17;

class CallCounts {
 public:
  void Add(grpc::StatusCode code) {
    const auto at = static_cast<std::size_t>(code);
    counts_[at < kStatusCodes ? at : static_cast<std::size_t>(grpc::StatusCode::UNKNOWN)].fetch_add(
        1, std::memory_order_relaxed);
  }
  std::array<std::uint64_t, kStatusCodes> Read() const {
    std::array<std::uint64_t, kStatusCodes> counts{};
    for (std::size_t i = 0; i < kStatusCodes; ++i) counts[i] = counts_[i].load(std::memory_order_relaxed);
    return counts;
  }

 private:
  std::array<std::atomic<std::uint64_t>, kStatusCodes> counts_{};
};

}  // namespace cistern
