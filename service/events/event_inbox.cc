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
  const std::size_t most = change.kind == EventChange::Kind::kRaise ? kMost : 2 * kMost;
  const std::lock_guard lock(mutex_);
  if (waiting_.size() + in_commit_ >= most || stopping_) return false;
  waiting_.push_back(std::move(change));
  wake_.notify_all();
  return true;
}

void EventInbox::Run() {
  std::vector<EventChange> changes;
  std::unique_lock lock(mutex_);
  for (;;) {
    if (changes.empty()) {
      wake_.wait(lock, [this] { return stopping_ || !waiting_.empty(); });
      if (waiting_.empty()) return;
      changes.swap(waiting_);
      in_commit_ = changes.size();  // room for others only once these are kept
    }
    lock.unlock();
    const auto done = commit_(changes);
    lock.lock();
    if (done) {
      changes.clear();
      in_commit_ = 0;
      continue;
    }
    if (stopping_) return;
    spdlog::warn("events were not stored: {}; trying again", done.error().message());
    wake_.wait_for(lock, std::chrono::seconds(1), [this] { return stopping_; });
  }
}

}  // namespace cistern
