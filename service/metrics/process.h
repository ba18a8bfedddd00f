// What the kernel says about this process.
#pragma once

#include <cstdint>

namespace cistern {

struct ProcessStats {
  double cpu_seconds = 0;  // user and system
  std::uint64_t resident_bytes = 0, virtual_bytes = 0;
  std::uint64_t open_fds = 0, max_fds = 0;
  double start_time = 0;  // Unix seconds
};
// Reads /proc/self; zeros where it cannot.
ProcessStats ReadProcessStats();

}  // namespace cistern
