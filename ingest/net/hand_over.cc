#include "ingest/net/hand_over.h"

#include <utility>

namespace cistern {

void HandOver::Put(std::unique_ptr<RecordBatch> batch) {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return batches_.size() < kMaxBatches; });
  batches_.push_back(std::move(batch));
  changed_.notify_one();
}

std::unique_ptr<RecordBatch> HandOver::Take() {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return closed_ || !batches_.empty(); });
  if (batches_.empty()) return nullptr;
  auto batch = std::move(batches_.front());
  batches_.pop_front();
  changed_.notify_one();
  return batch;
}

void HandOver::Close() {
  const std::lock_guard lock(mutex_);
  closed_ = true;
  changed_.notify_one();
}

}  // namespace cistern
