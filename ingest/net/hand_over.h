// A small bounded queue of batches between the receive thread of a socket and its parse thread.
//
// Bound: 8 batches of about 512 KiB, some tens of milliseconds of work. When the parse thread is that far
// behind, the receive thread waits and the kernel's socket buffer takes the burst.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <memory>
#include <mutex>

#include "ingest/message/record_batch.h"

namespace cistern {

class HandOver {
 public:
  static constexpr std::size_t kMaxBatches = 8;

  // Waits while the queue is full.
  void Put(std::unique_ptr<RecordBatch> batch);
  // Waits for a batch; null once closed and empty.
  std::unique_ptr<RecordBatch> Take();
  void Close();

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::unique_ptr<RecordBatch>> batches_;  // guarded by mutex_
  bool closed_ = false;                               // guarded by mutex_
};

}  // namespace cistern
