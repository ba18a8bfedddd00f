#include "service/pipeline/batch_pool.h"

#include <algorithm>
#include <utility>

namespace cistern {
namespace {

constexpr std::size_t kMaxBatches = 32;  // as many as a full queue holds

}  // namespace

BatchPool::BatchPool() { batches_.reserve(kMaxBatches); }

std::unique_ptr<RecordBatch> BatchPool::Take() {
  {
    const std::lock_guard lock(mutex_);
    if (!batches_.empty()) {
      auto batch = std::move(batches_.back());
      batches_.pop_back();
      least_ = std::min(least_, batches_.size());
      return batch;
    }
    least_ = 0;
  }
  return std::make_unique<RecordBatch>();
}

void BatchPool::GiveBack(std::unique_ptr<RecordBatch> batch) {
  if (!batch) return;
  batch->Clear();
  const std::lock_guard lock(mutex_);
  if (batches_.size() < kMaxBatches) batches_.push_back(std::move(batch));
}

void BatchPool::Trim() {
  std::vector<std::unique_ptr<RecordBatch>> spare;  // freed without the lock
  const std::lock_guard lock(mutex_);
  const std::size_t keep = batches_.size() - std::min(least_, batches_.size());
  while (batches_.size() > keep) {
    spare.push_back(std::move(batches_.back()));
    batches_.pop_back();
  }
  least_ = batches_.size();
}

}  // namespace cistern
