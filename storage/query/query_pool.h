// Threads that evaluate batches ahead of the queries that will want them, shared by all queries.
//
// Threads: every function by any thread. Bounds: at most kMaxAhead batches are waiting or in work at a time,
// whatever the number of queries: each may hold about 10 MiB of decoded columns.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace cistern {

class QueryPool {
 public:
  static constexpr std::size_t kMaxAhead = 3;

  // 0: one thread less than there are cores, since callers evaluate as well; at least one.
  explicit QueryPool(std::size_t threads = 0);
  // Does what is still waiting, then ends the threads.
  ~QueryPool();

  // Runs `work` soon; false when all places are taken. `work` must not throw.
  bool TryPost(std::function<void()> work);

 private:
  void Work(const std::stop_token& stop);

  std::mutex mutex_;
  std::condition_variable_any wake_;
  std::deque<std::function<void()>> waiting_;  // guarded by mutex_
  std::size_t taken_ = 0;                      // guarded by mutex_: waiting and in work
  std::vector<std::jthread> threads_;          // last: ends before what it uses
};

}  // namespace cistern
