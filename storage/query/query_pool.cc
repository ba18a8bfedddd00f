#include "storage/query/query_pool.h"

#include <algorithm>

#include "storage/thread_priority.h"

namespace cistern {

QueryPool::QueryPool(std::size_t threads) {
  if (threads == 0) threads = std::max(2u, std::thread::hardware_concurrency()) - 1;
  for (std::size_t i = 0; i < std::min(threads, kMaxAhead); ++i)
    threads_.emplace_back([this](const std::stop_token& stop) { Work(stop); });
}

QueryPool::~QueryPool() = default;

bool QueryPool::TryPost(std::function<void()> work) {
  {
    const std::lock_guard lock(mutex_);
    if (taken_ == kMaxAhead) return false;
    ++taken_;
    waiting_.push_back(std::move(work));
  }
  wake_.notify_one();
  return true;
}

void QueryPool::Work(const std::stop_token& stop) {
  SetThreadPriority(ThreadPriority::kReader);
  std::unique_lock lock(mutex_);
  while (wake_.wait(lock, stop, [this] { return !waiting_.empty(); })) {
    std::function<void()> work = std::move(waiting_.front());
    waiting_.pop_front();
    lock.unlock();
    work();
    work = nullptr;
    lock.lock();
    --taken_;
  }
}

}  // namespace cistern
