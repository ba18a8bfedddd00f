// The loop that queries and aggregates share: scans the batches in bounds, leaves out those whose index rules
// them out, and finds the rows that match in the others, with the help of the pool if there is one.
#pragma once

#include <atomic>
#include <deque>
#include <functional>
#include <memory>
#include <vector>

#include "storage/query/batch_job.h"

namespace cistern::query {

// Threads: one at a time; so are all functions given to it, but for `touch`.
class MatchReader {
 public:
  // All must outlive the reader. `cost` is added to.
  MatchReader(Store& store, const MatchOptions& options, const QueryControl& control, QueryCost& cost);
  ~MatchReader();

  // Gives matching rows in scan order, some of one batch at a time, until `each` returns false or the scan
  // ends. kCancelled and kDeadline; errors of the scan.
  using Each = std::function<bool(StoredBatch& batch, const std::vector<std::uint32_t>& rows)>;
  Result<void> Run(const Each& each);

  // To be set before Run(), all of them optional:

  // Asked before a batch is looked into: true skips it.
  std::function<bool(const StoredBatch&)> skip;
  // Asked for a block all of whose rows match, out of order: true when the index was enough.
  std::function<bool(StoredBatch& batch, BlockIndex& index)> whole;
  // Told numbers of rows that match by their template, out of order; they are not given as rows then.
  std::function<void(std::uint64_t rows)> sure;
  // Asked for a batch with matches on any thread, once: to decode what `each` will read of these rows.
  std::function<void(StoredBatch&, const std::vector<std::uint32_t>& rows)> touch;
  // Rows are given away: a batch is checked before.
  bool check = false;
  // How many rows are wanted, as far as is known; 0: unknown. Batches are evaluated ahead only where the
  // last one gave few of them. UINT64_MAX: all, whatever there is.
  std::uint64_t wanted = 0;

 private:
  struct Task;
  using TaskPtr = std::shared_ptr<Task>;

  // The next batch of which rows have to be looked at; null at the end.
  Result<TaskPtr> NextTask(Scan& scan);
  bool AnsweredByIndex(BatchJob& job);
  void CountDay(const StoredBatch& batch);
  void PostAhead(const TaskPtr& task);
  static void RunAhead(Task& task);
  void HelpUntilDone(const Task& task);
  // False: `each` had enough.
  Result<bool> Deliver(Task& task, const Each& each);
  Result<bool> RunHere(Task& task, const Each& each);
  void Widen(std::uint64_t given);
  void Abandon();
  void Close(Task& task);

  Store& store_;
  const MatchOptions& options_;
  const QueryControl& control_;
  QueryCost& cost_;
  const BatchBounds bounds_;
  std::int64_t last_day_ = INT64_MIN;
  std::deque<TaskPtr> window_;  // in scan order
  std::size_t width_ = 1;
  std::uint64_t given_ = 0;
  std::atomic<bool> abandoned_{false};
};

// kCancelled or kDeadline when the call has to stop.
Result<void> CheckStopped(const QueryControl& control);

// Adds the time it lives to `cost`.
class CostTimer {
 public:
  explicit CostTimer(QueryCost& cost) : cost_(cost), start_(std::chrono::steady_clock::now()) {}
  ~CostTimer() { cost_.time += std::chrono::steady_clock::now() - start_; }
  CostTimer(const CostTimer&) = delete;
  CostTimer& operator=(const CostTimer&) = delete;

 private:
  QueryCost& cost_;
  std::chrono::steady_clock::time_point start_;
};

}  // namespace cistern::query
