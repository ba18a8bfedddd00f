// The last committed blobs, so that readers that keep up never touch the disk. Not thread-safe.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <string>

#include "storage/block/block_codec.h"

namespace cistern {

struct RecentBatch {
  BlockSummary summary;
  std::shared_ptr<const std::string> blob;
};

class RecentBatches {
 public:
  explicit RecentBatches(std::uint64_t max_bytes) : max_bytes_(max_bytes) {}

  // Starts anew: nothing from `next_id` on has been stored yet.
  void Reset(std::uint64_t next_id);
  // Batches come in id order. The oldest leave when there are more than max_bytes; the newest one may go too.
  void Add(RecentBatch batch);
  // Forgets batches up to this id.
  void DropThrough(std::uint64_t last_id);

  // Every stored batch that reaches this id or beyond is here.
  std::uint64_t covered_from() const { return covered_from_; }
  // The first batch that ends at or after `id`; null when none. Only for id >= covered_from().
  const RecentBatch* AtOrAfter(std::uint64_t id) const;
  // The last batch that begins at or before `id`; null when none is here.
  const RecentBatch* AtOrBefore(std::uint64_t id) const;

 private:
  void DropFront();

  const std::uint64_t max_bytes_;
  std::uint64_t bytes_ = 0;
  std::uint64_t covered_from_ = 1;
  std::deque<RecentBatch> batches_;
};

}  // namespace cistern
