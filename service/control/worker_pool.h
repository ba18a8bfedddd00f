// A few threads that run the blocking part of calls: reading the store, evaluating filters.
//
// Tasks are short steps (one batch, one message), so that many streams share few threads fairly. The queue is
// not bounded by itself: every stream has at most one task, and the number of streams is bounded.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

#include "storage/thread_priority.h"

namespace cistern {

class WorkerPool {
 public:
  explicit WorkerPool(int threads, ThreadPriority priority = ThreadPriority::kNormal);
  // Runs what is queued, then joins.
  ~WorkerPool();
  // Runs `task` on some thread. Never blocks.
  void Post(std::function<void()> task);

 private:
  void Run();

  const ThreadPriority priority_;
  std::mutex mutex_;
  std::condition_variable ready_;
  std::deque<std::function<void()>> tasks_;  // guarded by mutex_
  bool stopping_ = false;                    // guarded by mutex_
  std::vector<std::thread> threads_;
};

}  // namespace cistern
