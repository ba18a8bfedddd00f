#include "storage/sqlite/recent_batches.h"

#include <algorithm>

namespace cistern {

void RecentBatches::Reset(std::uint64_t next_id) {
  batches_.clear();
  bytes_ = 0;
  covered_from_ = next_id;
}

void RecentBatches::Add(RecentBatch batch) {
  bytes_ += batch.blob->size();
  batches_.push_back(std::move(batch));
  while (bytes_ > max_bytes_) DropFront();
}

void RecentBatches::DropThrough(std::uint64_t last_id) {
  while (!batches_.empty() && ToInt(batches_.front().summary.last_id) <= last_id) DropFront();
}

void RecentBatches::DropFront() {
  bytes_ -= batches_.front().blob->size();
  covered_from_ = ToInt(batches_.front().summary.last_id) + 1;
  batches_.pop_front();
}

const RecentBatch* RecentBatches::AtOrAfter(std::uint64_t id) const {
  const auto found = std::partition_point(batches_.begin(), batches_.end(), [id](const RecentBatch& batch) {
    return ToInt(batch.summary.last_id) < id;
  });
  return found == batches_.end() ? nullptr : &*found;
}

const RecentBatch* RecentBatches::AtOrBefore(std::uint64_t id) const {
  const auto after = std::partition_point(batches_.begin(), batches_.end(), [id](const RecentBatch& batch) {
    return ToInt(batch.summary.first_id) <= id;
  });
  return after == batches_.begin() ? nullptr : &*std::prev(after);
}

}  // namespace cistern
