// What the calls of LogService share. Everything outlives every call.
#pragma once

#include <algorithm>
#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <unordered_map>

#include "service/control/call_limits.h"
#include "service/control/ingest_client.h"
#include "service/control/stream_call.h"
#include "service/control/worker_pool.h"
#include "service/cursor/positions.h"
#include "service/pipeline/pipeline.h"
#include "storage/query/query_pool.h"
#include "storage/store.h"

namespace cistern {

// Open streams of one kind: counted, bounded, woken together. Threads: any.
class OpenStreams {
 public:
  explicit OpenStreams(int limit) : limit_(limit) {}
  // False when there are too many.
  bool Add(std::shared_ptr<OpenStream> stream);
  void Remove(const OpenStream* stream);
  void ForEach(const std::function<void(OpenStream&)>& call);
  int size() const;

 private:
  const int limit_;
  mutable std::mutex mutex_;
  std::unordered_map<const OpenStream*, std::weak_ptr<OpenStream>> streams_;  // guarded by mutex_
};

// What tails hold while their messages are on their way. Threads: any.
class TailBudget {
 public:
  // Octets of the next message.
  std::size_t NextMessage() const {
    const std::size_t held = octets_.load(std::memory_order_relaxed);
    const std::size_t left = held < kTailBudget ? kTailBudget - held : 0;
    return std::clamp(left / 8, kLeastTailMessage, kMaxResponseBytes);
  }
  void Hold(std::size_t octets) { octets_.fetch_add(octets, std::memory_order_relaxed); }
  void GiveBack(std::size_t octets) { octets_.fetch_sub(octets, std::memory_order_relaxed); }
  // Whether one more decoded batch may be kept. If so, to be ended by DropBatch().
  bool KeepBatch() {
    if (batches_.fetch_add(1, std::memory_order_relaxed) < kTailBatches) return true;
    DropBatch();
    return false;
  }
  void DropBatch() { batches_.fetch_sub(1, std::memory_order_relaxed); }

 private:
  std::atomic<std::size_t> octets_{0};
  std::atomic<int> batches_{0};
};

struct LogContext {
  Store& store;
  Pipeline& pipeline;
  CursorPositions& positions;
  IngestClients& ingest_clients;
  std::size_t max_message_size = 64 * 1024;
  QueryPool evaluators{};  // evaluate ahead for query_pool, whose threads end before
  WorkerPool query_pool{2, ThreadPriority::kReader};
  WorkerPool tail_pool{2, ThreadPriority::kReader};
  WorkerPool sql_pool{1, ThreadPriority::kReader};  // a statement may take minutes
  WorkerPool ack_pool{1};  // acknowledgements do not queue behind tails that read history
  OpenStreams queries{kMaxQueries};
  OpenStreams sqls{kMaxSqls};
  OpenStreams tails{kMaxTails};
  TailBudget tail_budget{};
  OpenStreams ingests{kMaxIngestStreams};
  std::atomic<bool> draining{false};
};

}  // namespace cistern
