// How long to wait after failures: twice as long each time, up to a limit, each a random part of 50 to 100
// percent, so that many targets do not come back at once.
#pragma once

#include <algorithm>
#include <chrono>
#include <random>

namespace cistern {

class Backoff {
 public:
  using Duration = std::chrono::nanoseconds;
  Backoff(Duration initial, Duration max, unsigned seed) : initial_(initial), max_(max), random_(seed) {}

  // The pause before the next attempt.
  Duration Next() {
    const Duration whole = next_.count() == 0 ? initial_ : next_;
    next_ = std::min(max_, whole * 2);
    std::uniform_real_distribution<double> part(0.5, 1.0);
    return std::chrono::duration_cast<Duration>(std::min(whole, max_) * part(random_));
  }
  // After a success.
  void Reset() { next_ = Duration(0); }

 private:
  const Duration initial_, max_;
  Duration next_{0};
  std::minstd_rand random_;
};

}  // namespace cistern
