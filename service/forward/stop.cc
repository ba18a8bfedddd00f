#include "service/forward/stop.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>

namespace cistern {

Stop::Stop() : fd_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {}

Stop::~Stop() { close(fd_); }

void Stop::Request() {
  requested_.store(true, std::memory_order_release);
  const std::uint64_t one = 1;
  (void)!write(fd_, &one, sizeof one);
}

void Stop::Clear() {
  std::uint64_t count;
  (void)!read(fd_, &count, sizeof count);
  requested_.store(false, std::memory_order_release);
}

bool Stop::WaitUntil(std::chrono::steady_clock::time_point until) const {
  using std::chrono::milliseconds;
  while (!requested()) {
    const auto now = std::chrono::steady_clock::now();
    if (now >= until) return false;
    const auto left = std::chrono::ceil<milliseconds>(
        std::min<std::chrono::nanoseconds>(until - now, std::chrono::hours(1)));
    pollfd ready{fd_, POLLIN, 0};
    poll(&ready, 1, static_cast<int>(left.count()));
  }
  return true;
}

}  // namespace cistern
