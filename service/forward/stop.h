// Tells the thread of a target to come back: the daemon stops, or the target is paused, changed or deleted.
#pragma once

#include <atomic>
#include <chrono>

namespace cistern {

class Stop {
 public:
  Stop();
  ~Stop();
  Stop(const Stop&) = delete;
  Stop& operator=(const Stop&) = delete;

  // Any thread.
  void Request();
  // Before the thread goes on; nobody waits then.
  void Clear();
  bool requested() const { return requested_.load(std::memory_order_acquire); }
  // Readable once requested, for poll().
  int fd() const { return fd_; }
  // Waits until `until` or the request; true when it was requested.
  bool WaitUntil(std::chrono::steady_clock::time_point until) const;

 private:
  std::atomic<bool> requested_{false};
  const int fd_;  // an eventfd
};

}  // namespace cistern
