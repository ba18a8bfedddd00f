// Batches that are used again: memory that is new for each batch costs more than what is written to it.
//
// Threads: any. The pool lives as long as a batch of CommittedBatches is held.
#pragma once

#include <cstddef>
#include <memory>
#include <mutex>
#include <vector>

#include "ingest/message/record_batch.h"

namespace cistern {

class BatchPool {
 public:
  BatchPool();
  std::unique_ptr<RecordBatch> Take();
  // Empties the batch, and keeps it if there are few.
  void GiveBack(std::unique_ptr<RecordBatch> batch);
  // Frees the batches that nobody needed since the last call.
  void Trim();

 private:
  std::mutex mutex_;
  // Guarded by mutex_.
  std::vector<std::unique_ptr<RecordBatch>> batches_;
  std::size_t least_ = 0;  // of batches_, since the last Trim()
};

// The batches of one commit: they go back to the pool when nobody reads them any more.
class CommittedBatches {
 public:
  explicit CommittedBatches(std::shared_ptr<BatchPool> pool) : pool_(std::move(pool)) {}
  ~CommittedBatches() {
    for (auto& batch : batches_) pool_->GiveBack(std::move(batch));
  }
  CommittedBatches(const CommittedBatches&) = delete;
  CommittedBatches& operator=(const CommittedBatches&) = delete;

  RecordBatch* Add(std::unique_ptr<RecordBatch> batch) {
    return batches_.emplace_back(std::move(batch)).get();
  }

 private:
  const std::shared_ptr<BatchPool> pool_;
  std::vector<std::unique_ptr<RecordBatch>> batches_;
};

}  // namespace cistern
