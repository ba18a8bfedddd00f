#include "storage/sqlite/clock_guard.h"

#include <time.h>

#include <cstdlib>

#include "storage/sqlite/file_info.h"

namespace cistern {
namespace {

constexpr std::int64_t kMaxJump = kNsPerHour;
constexpr std::int64_t kSuspension = 24 * kNsPerHour;

std::int64_t Read(clockid_t clock) {
  timespec now{};
  ::clock_gettime(clock, &now);
  return now.tv_sec * kNsPerSecond + now.tv_nsec;
}

}  // namespace

void ClockGuard::Observe(std::int64_t wall, std::int64_t since_boot) {
  const std::int64_t offset = wall - since_boot;
  if (offset_ && std::llabs(offset - *offset_) > kMaxJump) suspended_until_ = since_boot + kSuspension;
  offset_ = offset;
}

std::int64_t SinceBoot() { return Read(CLOCK_BOOTTIME); }
std::int64_t SystemWallClock() { return Read(CLOCK_REALTIME); }

}  // namespace cistern
