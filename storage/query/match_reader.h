// The loop that queries and aggregates share: scans the batches in bounds and finds the rows that match.
#pragma once

#include <functional>
#include <vector>

#include "storage/query/query.h"

namespace cistern::query {

struct MatchOptions {
  Filter filter;
  ScanOrder order = ScanOrder::kOldestFirst;
  std::uint64_t id_min = 1, id_max = UINT64_MAX;  // inclusive
  TimeAxis axis = TimeAxis::kReceived;
  std::int64_t from = INT64_MIN, to = INT64_MAX;  // as in QueryOptions
  std::chrono::nanoseconds event_skew{0};
};

// Threads: one at a time.
class MatchReader {
 public:
  // All must outlive the reader. `cost` is added to.
  MatchReader(Store& store, const MatchOptions& options, const QueryControl& control, QueryCost& cost);

  // Gives matching rows in scan order, those of one slice of a batch at a time, until `each` returns false or
  // the scan ends. kCancelled and kDeadline; errors of the scan.
  using Each = std::function<bool(StoredBatch& batch, const std::vector<std::uint32_t>& rows)>;
  Result<void> Run(const Each& each);

  // Asked before a batch is looked into: true skips it.
  std::function<bool(const StoredBatch&)> skip;

 private:
  // False: `each` had enough.
  Result<bool> ReadBatch(StoredBatch& batch, const Each& each);
  bool OutsideBounds(const StoredBatch& batch) const;
  void SelectRows(StoredBatch& batch, std::size_t begin, std::size_t end);
  void ApplyBounds(StoredBatch& batch, std::size_t begin, std::size_t end);

  Store& store_;
  const MatchOptions& options_;
  const QueryControl& control_;
  QueryCost& cost_;
  std::uint64_t id_min_, id_max_;             // narrowed by the filter's bounds
  std::int64_t received_min_, received_max_;  // inclusive
  Selection selection_;
  std::vector<std::uint32_t> rows_;
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
