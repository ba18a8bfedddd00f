// Which ids and times a query wants, and what that means for a batch.
#pragma once

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

class BatchBounds {
 public:
  // Narrowed by what the filter asks of ids and received times.
  explicit BatchBounds(const MatchOptions& options);

  // Nothing lies within.
  bool empty() const;
  ScanOptions ForScan(ScanOrder order) const {
    return {order, id_min_, id_max_, received_min_, received_max_};
  }
  // No row of the batch lies within.
  bool Exclude(const StoredBatch& batch) const;
  // Every row does.
  bool Cover(const StoredBatch& batch) const;
  // Deselects the rows of [begin, end) that do not.
  void Narrow(StoredBatch& batch, Selection& selection, std::size_t begin, std::size_t end) const;

 private:
  bool CoverIds(const StoredBatch& batch) const;
  bool CoverReceived(const StoredBatch& batch) const;

  std::uint64_t id_min_, id_max_;             // inclusive
  std::int64_t received_min_, received_max_;  // inclusive
  std::int64_t from_, to_;
  std::chrono::nanoseconds skew_;
  bool by_event_;  // event times are bounded
};

}  // namespace cistern::query
