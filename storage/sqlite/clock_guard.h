// Notices when the wall clock jumps against the clock that counts since boot, so that a wrong clock cannot
// make retention delete everything. One thread at a time.
#pragma once

#include <cstdint>
#include <optional>

namespace cistern {

class ClockGuard {
 public:
  // Both in ns. Call it now and then; a jump of more than an hour between two calls begins a suspension of a
  // day.
  void Observe(std::int64_t wall, std::int64_t since_boot);
  bool suspended(std::int64_t since_boot) const { return since_boot < suspended_until_; }

 private:
  std::optional<std::int64_t> offset_;
  std::int64_t suspended_until_ = INT64_MIN;
};

// CLOCK_BOOTTIME, which also counts while the machine sleeps. ns.
std::int64_t SinceBoot();
std::int64_t SystemWallClock();

}  // namespace cistern
