#include "service/events/event_inbox.h"

#include <spdlog/spdlog.h>

#include <chrono>
#include <utility>

namespace cistern {

EventInbox::EventInbox(Commit commit) : commit_(std::move(commit)), thread_([this] { Run(); }) {}

EventInbox::~EventInbox() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
  thread_.join();
}

bool EventInbox::Post(EventChange change) {
  const std::lock_guard lock(mutex_);
  if (waiting_.size() >= kMost || stopping_) return false;
  waiting_.push_back(std::move(change));
  wake_.notify_all();
  return true;
}

void EventInbox::Run() {
  std::vector<EventChange> changes;
  std::unique_lock lock(mutex_);
  for (;;) {
    wake_.wait(lock, [this] { return stopping_ || !waiting_.empty(); });
    if (waiting_.empty()) return;
    changes = waiting_;  // room for others only once these are kept
    lock.unlock();
    const auto done = commit_(changes);
    lock.lock();
    if (done) {
      waiting_.erase(waiting_.begin(), waiting_.begin() + static_cast<std::ptrdiff_t>(changes.size()));
      continue;
    }
    if (stopping_) return;
    spdlog::warn("events were not stored: {}; trying again", done.error().message());
    wake_.wait_for(lock, std::chrono::seconds(1), [this] { return stopping_; });
  }
}

}  // namespace cistern
