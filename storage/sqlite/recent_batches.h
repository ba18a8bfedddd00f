// The last committed blobs, so that readers that keep up never touch the disk. Not thread-safe.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "storage/block/sealed_block.h"

namespace cistern {

struct RecentBatch {
  BlockSummary summary;
  std::shared_ptr<const std::string> blob;   // of a tail row
  std::shared_ptr<const SealedBlock> block;  // or a sealed block; exactly one of the two
  std::uint64_t text_bytes = 0;              // decoded, about

  std::uint64_t bytes() const;
};

class RecentBatches {
 public:
  explicit RecentBatches(std::uint64_t max_bytes) : max_bytes_(max_bytes) {}

  // Starts anew: nothing from `next_id` on has been stored yet.
  void Reset(std::uint64_t next_id);
  // Batches come in id order. The oldest leave when there are more than max_bytes; the newest one may go too.
  void Add(RecentBatch batch);
  // The same records in another form: takes the place of what lies in their id range, or lets go of it where
  // the range is not here as a whole. Pieces in id order, of one unbroken stretch of batches.
  void Replace(std::vector<RecentBatch> pieces);
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
  void DropSurplus();

  const std::uint64_t max_bytes_;
  std::uint64_t bytes_ = 0;
  std::uint64_t covered_from_ = 1;
  std::deque<RecentBatch> batches_;
};

}  // namespace cistern
