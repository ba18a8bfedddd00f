// The wall clock, as every record and span shows it.
#pragma once

#include <chrono>
#include <cstdint>

namespace cistern {

// Nanoseconds since the Unix epoch.
inline std::int64_t WallTime() {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  return std::chrono::duration_cast<std::chrono::nanoseconds>(now).count();
}

}  // namespace cistern
