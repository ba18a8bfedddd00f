// Retention: whole files go, never the open one. What goes by rules is in thin_files.cc.
#include <algorithm>
#include <utility>

#include "storage/sqlite/sqlite_store.h"

namespace cistern {

void SqliteStore::SetRetention(const Retention& retention) {
  const std::lock_guard lock(state_mutex_);
  retention_ = retention;
  rules_ = RetentionRules(retention);
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

// Without an open file the newest one stays: it knows the clients' sequences.
bool SqliteStore::MayShrink(const FileInfo& file, const FileInfo& newest) const {
  if (file.number == (live_.info.number != 0 ? live_.info.number : newest.number)) return false;
  return file.number != import_.info.number && !HoldsSequences(file);
}

void SqliteStore::HoldRetention(std::optional<RecordId> position, std::chrono::seconds longest) {
  const std::lock_guard lock(state_mutex_);
  held_ = position;
  longest_hold_ = longest;
}

// The age of the newest record, less the time that is waited for somebody who needs it.
std::int64_t SqliteStore::AgeForRules(const FileInfo& file, std::int64_t now) const {
  const std::int64_t age = AgeOf(file.totals.max_received, now);
  const std::lock_guard lock(state_mutex_);
  const bool needed = held_ && file.totals.last_id > *held_;
  return needed ? age - std::chrono::nanoseconds(longest_hold_).count() : age;
}

struct SqliteStore::Limits {
  std::uint64_t max_bytes = 0;  // 0: none
  RetentionRules rules;
  bool by_age = false;
  std::int64_t now = 0;
  std::optional<RecordId> held;
  std::chrono::seconds longest_hold{0};
};

SqliteStore::Limits SqliteStore::LimitsNow() {
  Limits limits;
  {
    const std::lock_guard lock(state_mutex_);
    limits.max_bytes = retention_.max_bytes;
    limits.rules = rules_;
    limits.held = held_;
    limits.longest_hold = longest_hold_;
  }
  const std::int64_t since_boot = SinceBoot();
  limits.now = clock_();
  clock_guard_.Observe(limits.now, since_boot);
  limits.by_age = limits.rules.all_finite() && !clock_guard_.suspended(since_boot);
  return limits;
}

// Whether somebody needs records of the file that is due, and there is room to wait for him.
bool SqliteStore::IsHeld(const FileInfo& file, const Limits& limits, std::uint64_t total) const {
  if (!limits.held || file.totals.records == 0 || file.totals.last_id <= *limits.held) return false;
  const std::int64_t age = AgeOf(file.totals.max_received, limits.now);
  const std::int64_t hold = std::chrono::nanoseconds(limits.longest_hold).count();
  if (limits.by_age && limits.rules.EndsBefore(age - hold)) return false;
  return (limits.max_bytes == 0 || total <= limits.max_bytes + limits.max_bytes / 10) && space_ok_;
}

// Files to delete now, oldest first.
std::vector<FileInfo> SqliteStore::Expired() {
  const Limits limits = LimitsNow();
  const std::vector<FileInfo> files = logs_->Files();
  std::uint64_t total = 0;
  for (const FileInfo& file : files) total += BytesOf(file);
  std::vector<FileInfo> expired;
  for (const FileInfo& file : files) {
    if (!MayShrink(file, files.back())) continue;
    const bool too_old =
        limits.by_age &&
        (file.totals.records == 0 || limits.rules.EndsBefore(AgeOf(file.totals.max_received, limits.now)));
    const bool too_much = limits.max_bytes != 0 && total > limits.max_bytes;
    if ((!too_old && !too_much) || IsHeld(file, limits, total)) continue;
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
    if (Result<LogReader::IdRuns> found = (*reader)->Runs(file.totals); found) runs = std::move(found->runs);

  // On a full disk the catalog may have no room until the file is gone.
  const bool noted = catalog_->BeginDelete(file.number, runs).has_value();
  At("retention.marked");
  std::erase_if(closing_, [&](const Closing& closing) { return closing.info.number == file.number; });
  std::erase_if(swaps_, [&](const Swap& swap) { return swap.file.number == file.number; });
  thin_marks_.erase(file.number);
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
  ContinueThinning(/*look=*/true);
  for (const Gap& gap : std::exchange(thinned_, {})) deleted.push_back(gap);
  return deleted;
}

}  // namespace cistern
