// Calls that ended, by their status as gRPC numbers it. Threads: any.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

namespace cistern {

inline constexpr std::size_t kStatusCodes = 17;
inline constexpr std::uint32_t kStatusUnknown = 2;

class CallCounts {
 public:
  // One that gRPC does not know counts as UNKNOWN.
  void Add(std::uint32_t code, std::uint64_t calls = 1) {
    counts_[code < kStatusCodes ? code : kStatusUnknown].fetch_add(calls, std::memory_order_relaxed);
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
