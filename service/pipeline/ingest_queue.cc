#include "service/pipeline/ingest_queue.h"

#include <algorithm>
#include <utility>

namespace cistern {
namespace {

// A blob holds at most 65,536 records.
constexpr std::size_t kMaxCommitRecords = 65536;

}  // namespace

bool IngestQueue::TryPush(QueueItem& item) {
  bool due = false;
  {
    std::lock_guard lock(mutex_);
    if (closed_ || (item.own ? own_bytes_ >= kOwnBytes : bytes_ >= limits_.max_bytes)) return false;
    const std::size_t size = item.batch->bytes();
    bytes_ += size;
    if (item.own) own_bytes_ += size;
    queued_bytes_ += size;
    queued_records_ += item.batch->size();
    if (item.done) ++waiters_;
    item.queued_at = std::chrono::steady_clock::now();
    const bool first = items_.empty();
    items_.push_back(std::move(item));
    due = first || DueLocked();
  }
  if (due) ready_.notify_one();
  return true;
}

void IngestQueue::NotifyWhenSpace(std::function<void()> wake) {
  {
    std::lock_guard lock(mutex_);
    if (!closed_ && bytes_ >= limits_.max_bytes) {
      waiting_.push_back(std::move(wake));
      return;
    }
  }
  wake();
}

bool IngestQueue::DueLocked() const {
  if (items_.empty()) return false;
  return closed_ || waiters_ > 0 || queued_records_ >= limits_.commit_records ||
         queued_bytes_ >= limits_.commit_bytes || bytes_ >= limits_.max_bytes ||
         std::chrono::steady_clock::now() - items_.front().queued_at >= limits_.max_age;
}

std::vector<QueueItem> IngestQueue::Pop(std::chrono::nanoseconds timeout) {
  const auto deadline = std::chrono::steady_clock::now() + timeout;
  std::unique_lock lock(mutex_);
  while (!DueLocked()) {
    if (closed_) return {};
    auto until = deadline;
    if (!items_.empty()) until = std::min(until, items_.front().queued_at + limits_.max_age);
    if (ready_.wait_until(lock, until) == std::cv_status::timeout && !DueLocked() &&
        std::chrono::steady_clock::now() >= deadline) {
      return {};
    }
  }
  return TakeLocked();
}

std::vector<QueueItem> IngestQueue::TakeLocked() {
  std::vector<QueueItem> taken;
  std::size_t records = 0, bytes = 0;
  while (!items_.empty()) {
    QueueItem& next = items_.front();
    const std::size_t size = next.batch->bytes();
    if (!taken.empty() && (records + next.batch->size() > kMaxCommitRecords ||
                           bytes + size > limits_.commit_bytes || next.imported != taken.front().imported)) {
      break;
    }
    records += next.batch->size();
    bytes += size;
    if (next.done) --waiters_;
    if (next.own) own_bytes_ -= size;
    taken.push_back(std::move(next));
    items_.pop_front();
  }
  queued_records_ -= records;
  queued_bytes_ -= bytes;
  return taken;
}

void IngestQueue::Release(std::size_t bytes) {
  std::vector<std::function<void()>> wake;
  {
    std::lock_guard lock(mutex_);
    bytes_ -= bytes;
    if (bytes_ < limits_.max_bytes) wake.swap(waiting_);
  }
  for (auto& call : wake) call();
}

void IngestQueue::Close() {
  std::vector<std::function<void()>> wake;
  {
    std::lock_guard lock(mutex_);
    closed_ = true;
    wake.swap(waiting_);
  }
  ready_.notify_all();
  for (auto& call : wake) call();
}

bool IngestQueue::closed() const {
  std::lock_guard lock(mutex_);
  return closed_;
}

void IngestQueue::SetMaxAge(std::chrono::nanoseconds max_age) {
  {
    std::lock_guard lock(mutex_);
    limits_.max_age = max_age;
  }
  ready_.notify_one();
}

std::size_t IngestQueue::bytes() const {
  std::lock_guard lock(mutex_);
  return bytes_;
}

}  // namespace cistern
