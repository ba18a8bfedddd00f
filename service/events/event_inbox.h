// Changes of events from threads that must not wait for the disk.
//
// Threads: Post() by any; the changes are made by a thread of this object, in order.
#pragma once

#include <condition_variable>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

#include "ingest/message/result.h"
#include "service/events/event_change.h"

namespace cistern {

class EventInbox {
 public:
  // Wait at once, some 1 MiB; for a store that cannot write. As many again that are no new events: what ends
  // should be heard of.
  static constexpr std::size_t kMost = 4096;

  using Commit = std::function<Result<void>(std::vector<EventChange>)>;
  // `commit` is tried again, each second, while it fails.
  explicit EventInbox(Commit commit);
  // Tries once more.
  ~EventInbox();

  // False: there is no room.
  bool Post(EventChange change);

 private:
  void Run();

  const Commit commit_;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::vector<EventChange> waiting_;  // guarded by mutex_
  std::size_t in_commit_ = 0;         // likewise: those that the thread has taken
  bool stopping_ = false;             // guarded by mutex_
  std::thread thread_;
};

}  // namespace cistern
