// Retention: whole files go, never the open one.
#include <algorithm>

#include "storage/sqlite/sqlite_store.h"

namespace cistern {

void SqliteStore::SetRetention(const Retention& retention) {
  const std::lock_guard lock(state_mutex_);
  retention_ = retention;
}

std::uint64_t SqliteStore::BytesOf(const FileInfo& file) const {
  return file.closed ? file.bytes : FileBytesWithWal(logs_->PathOf(file));
}

// An import that could not be closed yet.
bool SqliteStore::HoldsSequences(const FileInfo& file) const {
  return std::any_of(closing_.begin(), closing_.end(), [&](const Closing& closing) {
    return closing.info.number == file.number && closing.info.imported;
  });
}

// Files to delete now, oldest first.
std::vector<FileInfo> SqliteStore::Expired() {
  Retention retention;
  {
    const std::lock_guard lock(state_mutex_);
    retention = retention_;
  }
  const std::int64_t now = clock_(), since_boot = SinceBoot();
  clock_guard_.Observe(now, since_boot);
  const bool by_age = retention.max_age.count() > 0 && !clock_guard_.suspended(since_boot);
  const std::int64_t oldest = now - std::chrono::nanoseconds(retention.max_age).count();

  const std::vector<FileInfo> files = logs_->Files();
  std::uint64_t total = 0;
  for (const FileInfo& file : files) total += BytesOf(file);
  std::vector<FileInfo> expired;
  for (const FileInfo& file : files) {
    // Without an open file the newest one stays: it knows the clients' sequences.
    if (file.number == (live_.info.number != 0 ? live_.info.number : files.back().number)) continue;
    if (file.number == import_.info.number || HoldsSequences(file)) continue;
    const bool too_old = by_age && (file.totals.records == 0 || file.totals.max_received < oldest);
    const bool too_much = retention.max_bytes != 0 && total > retention.max_bytes;
    if (!too_old && !too_much) continue;
    total -= BytesOf(file);
    expired.push_back(file);
  }
  return expired;
}

Gap SqliteStore::Delete(const FileInfo& file) {
  At("retention.begin");
  const Gap whole{file.totals.first_id, file.totals.last_id, file.totals.records};
  std::vector<Gap> runs;
  if (whole.records != 0) runs.push_back(whole);
  if (Result<ReaderPool::Lease> reader = logs_->readers().Acquire(file); reader)
    if (Result<std::vector<Gap>> found = (*reader)->Runs(file.totals); found) runs = std::move(*found);

  // On a full disk the catalog may have no room until the file is gone.
  const bool noted = catalog_->BeginDelete(file.number, runs).has_value();
  At("retention.marked");
  std::erase_if(closing_, [&](const Closing& closing) { return closing.info.number == file.number; });
  logs_->Remove(file.number, runs);
  RemoveLogFile(logs_->PathOf(file));
  const bool gone = SyncFolder(logs_dir_).has_value();  // if not, the next start deletes it again
  At("retention.removed");
  if (!noted) (void)catalog_->BeginDelete(file.number, runs);
  if (gone) (void)catalog_->DropFile(file.number);
  At("retention.dropped");
  return whole;
}

Result<std::vector<Gap>> SqliteStore::ApplyRetention() {
  std::vector<Gap> deleted;
  for (const FileInfo& file : Expired()) {
    const Gap gap = Delete(file);
    if (gap.records != 0) deleted.push_back(gap);
  }
  return deleted;
}

}  // namespace cistern
