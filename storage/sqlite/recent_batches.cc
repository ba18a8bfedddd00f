#include "storage/sqlite/recent_batches.h"

#include <algorithm>

namespace cistern {

std::uint64_t RecentBatch::bytes() const {
  if (!block) return blob->size();
  std::uint64_t bytes = block->data->size() + block->index.size();
  for (const std::string& chunk : block->chunks) bytes += chunk.size();
  return bytes;
}

void RecentBatches::Reset(std::uint64_t next_id) {
  batches_.clear();
  bytes_ = 0;
  covered_from_ = next_id;
}

void RecentBatches::Add(RecentBatch batch) {
  bytes_ += batch.bytes();
  batches_.push_back(std::move(batch));
  DropSurplus();
}

void RecentBatches::Replace(std::vector<RecentBatch> pieces) {
  if (pieces.empty()) return;
  const std::uint64_t first = ToInt(pieces.front().summary.first_id),
                      last = ToInt(pieces.back().summary.last_id);
  if (first < covered_from_) return DropThrough(last);
  const auto begins_before = [](const RecentBatch& batch, std::uint64_t id) {
    return ToInt(batch.summary.first_id) < id;
  };
  const auto from = std::lower_bound(batches_.begin(), batches_.end(), first, begins_before);
  const auto to = std::lower_bound(from, batches_.end(), last + 1, begins_before);
  for (auto at = from; at != to; ++at) bytes_ -= at->bytes();
  auto at = batches_.erase(from, to);
  for (RecentBatch& piece : pieces) {
    bytes_ += piece.bytes();
    at = std::next(batches_.insert(at, std::move(piece)));
  }
  DropSurplus();
}

void RecentBatches::DropSurplus() {
  while (bytes_ > max_bytes_) DropFront();
}

void RecentBatches::DropThrough(std::uint64_t last_id) {
  while (!batches_.empty() && ToInt(batches_.front().summary.last_id) <= last_id) DropFront();
}

void RecentBatches::DropFront() {
  bytes_ -= batches_.front().bytes();
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
