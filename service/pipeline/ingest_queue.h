// The bounded queue between ingest and store.
//
// Bound: octets, because that is what memory is made of (design: 24 MiB of 256). A batch is accepted while
// the queue holds less than the bound, so the bound is exceeded by one batch at most. What the daemon made
// itself has kOwnBytes of its own beside that, so that senders who fill the queue do not keep it out.
// Threads: any may push; one writer pops. No callback runs under the lock.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <vector>

#include "ingest/message/record_batch.h"
#include "storage/store.h"

namespace cistern {

// How a batch from a gRPC client ended.
using CommitCallback = std::function<void(const boost::system::error_code& error)>;

struct QueueItem {
  std::unique_ptr<RecordBatch> batch;
  ClientSequence sequence;  // client_id empty: none
  bool imported = false;    // from an archive: never in one commit with records that arrive now
  bool own = false;         // made by the daemon, such as records of events: rules do not touch them
  bool ends_waits = false;  // behind it the rules end what they wait for; `done` is called then
  CommitCallback done;      // empty: nobody waits. Runs on the writer thread; must not block.
  std::chrono::steady_clock::time_point queued_at;
};

class IngestQueue {
 public:
  struct Limits {
    std::size_t max_bytes = 24u << 20;
    std::chrono::nanoseconds max_age = std::chrono::milliseconds(50);
    std::size_t commit_records = 32768;    // a commit starts once so many wait, a block of the store ...
    std::size_t commit_bytes = 14u << 20;  // ... or so many octets; also the most one commit takes
  };
  static constexpr std::size_t kOwnBytes = 1u << 20;
  explicit IngestQueue(Limits limits) : limits_(limits) {}

  // Moves the item in, or leaves it and returns false when the queue is full or closed.
  bool TryPush(QueueItem& item);
  void NotifyWhenSpace(std::function<void()> wake);

  // Waits until a commit is due (age, count, octets, somebody waits for it, or Close), at most until
  // `timeout`, and takes what one commit may hold: all imported, or none. Empty on timeout.
  std::vector<QueueItem> Pop(std::chrono::nanoseconds timeout);
  // What Pop returned is finished with: its octets are free again.
  void Release(std::size_t bytes);

  // Refuses further pushes; Pop hands out what is left at once.
  void Close();
  bool closed() const;
  void SetMaxAge(std::chrono::nanoseconds max_age);
  std::size_t bytes() const;
  std::size_t max_bytes() const { return limits_.max_bytes; }

 private:
  bool DueLocked() const;
  std::vector<QueueItem> TakeLocked();

  mutable std::mutex mutex_;
  std::condition_variable ready_;
  // Guarded by mutex_.
  Limits limits_;
  std::deque<QueueItem> items_;
  std::vector<std::function<void()>> waiting_;
  std::size_t bytes_ = 0;      // queued and popped but not released
  std::size_t own_bytes_ = 0;  // queued, of own items
  std::size_t queued_records_ = 0;
  std::size_t queued_bytes_ = 0;
  std::size_t waiters_ = 0;  // items with a callback
  bool closed_ = false;
};

}  // namespace cistern
