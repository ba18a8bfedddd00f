#include "ingest/net/blocking_push.h"

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <thread>

namespace cistern {
namespace {

using Clock = std::chrono::steady_clock;

// Between a wake-up that brought no space and the next attempt: others were faster, or the pipeline is going
// down.
constexpr std::chrono::milliseconds kRetryDelay{1};

// Set by the sink, perhaps long after the waiting thread gave up: shared by both.
class Signal {
 public:
  void Set() {
    const std::lock_guard lock(mutex_);
    set_ = true;
    changed_.notify_one();
  }
  bool WaitUntil(Clock::time_point deadline) {
    std::unique_lock lock(mutex_);
    return changed_.wait_until(lock, deadline, [this] { return set_; });
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  bool set_ = false;  // guarded by mutex_
};

}  // namespace

bool PushBefore(BatchSink& sink, std::unique_ptr<RecordBatch>& batch, Clock::time_point deadline) {
  while (!sink.TryPush(batch)) {
    const auto now = Clock::now();
    if (now >= deadline) return false;
    auto signal = std::make_shared<Signal>();
    sink.NotifyWhenSpace([signal] { signal->Set(); });
    if (signal->WaitUntil(deadline) && sink.TryPush(batch)) return true;
    std::this_thread::sleep_until(std::min(deadline, Clock::now() + kRetryDelay));
  }
  return true;
}

}  // namespace cistern
