#include <algorithm>

#include "storage/sqlite/log_reader.h"

namespace cistern {
namespace {

constexpr std::size_t kMaxIdle = 8;

}  // namespace

Result<ReaderPool::Lease> ReaderPool::Acquire(const FileInfo& file, bool old) {
  std::uint64_t epoch;
  {
    const std::lock_guard lock(mutex_);
    epoch = epoch_;
    const auto found = std::find_if(idle_.begin(), idle_.end(), [&](const Idle& idle) {
      return idle.number == file.number && idle.generation == file.generation;
    });
    if (found != idle_.end()) {
      std::unique_ptr<LogReader> reader = std::move(found->reader);
      idle_.erase(found);
      return Lease(*this, file, epoch, std::move(reader));
    }
  }
  Result<std::unique_ptr<LogReader>> opened =
      LogReader::Open(logs_dir_ + "/" + file.name + (old ? kOldSuffix : ""), file.closed);
  if (!opened) return opened.error();
  return Lease(*this, file, epoch, std::move(*opened));
}

void ReaderPool::CloseAll() {
  std::vector<Idle> closing;
  const std::lock_guard lock(mutex_);
  ++epoch_;
  closing.swap(idle_);
}

void ReaderPool::Return(Idle idle, std::uint64_t epoch) {
  std::unique_ptr<LogReader> surplus;  // closed after the lock is released
  const std::lock_guard lock(mutex_);
  if (epoch != epoch_) {
    surplus = std::move(idle.reader);
    return;
  }
  if (idle_.size() == kMaxIdle) {
    surplus = std::move(idle_.front().reader);
    idle_.erase(idle_.begin());
  }
  idle_.push_back(std::move(idle));
}

}  // namespace cistern
