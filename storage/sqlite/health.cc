// The writer's half of SqliteStore: space, damage, errors that stick, and housekeeping.
#include <sys/statvfs.h>

#include <algorithm>

#include "storage/sqlite/recovery.h"
#include "storage/sqlite/sqlite_store.h"

namespace cistern {
namespace {

constexpr std::int64_t kCheckInterval = kNsPerSecond / 10;

}  // namespace

bool SqliteStore::HasSpace() const {
  struct statvfs space {};
  if (::statvfs(options_.dir.c_str(), &space) != 0) return true;  // the write will tell
  const double free = static_cast<double>(space.f_bavail), total = static_cast<double>(space.f_blocks);
  return free >= options_.free_space_reserve * total;
}

Result<void> SqliteStore::CheckSurroundings() {
  const std::int64_t now = SinceBoot();
  if (now >= space_checked_ + kCheckInterval || !space_ok_) {
    space_checked_ = now;
    space_ok_ = HasSpace();
    if (const auto there = CheckCurrentFile(); !there) return there;
  }
  if (!space_ok_) return StoreErrc::kDiskFull;
  return {};
}

// Somebody deleted or replaced the open file: what it held is lost, what comes goes to a new one.
Result<void> SqliteStore::CheckCurrentFile() {
  if (!current_) return {};
  const std::string path = logs_->PathOf(current_info_);
  if (logs_->IsDamaged(current_info_.number)) {
    LeaveDamagedFile();
  } else if (FileInode(path) != current_inode_) {
    logs_->Warning("log file " + current_info_.name + " was deleted by somebody else; its records are lost");
    std::vector<Gap> gone;
    const BlockSummary& totals = current_info_.totals;
    if (totals.records != 0) gone.push_back({totals.first_id, totals.last_id, totals.records});
    ForgetSealing();
    current_.reset();
    (void)catalog_->BeginDelete(current_info_.number, gone);
    (void)catalog_->DropFile(current_info_.number);
    logs_->Remove(current_info_.number, gone);
    current_info_ = {};
  } else if (current_->wal_bytes() != 0 && !FileExists(path + "-wal")) {
    logs_->Warning("the -wal of log file " + current_info_.name +
                   " was deleted by somebody else; nothing is lost");
    CloseCurrent();
  }
  return {};
}

// What can be read of it stays. No checkpoint: it would only spread the damage or fail.
void SqliteStore::LeaveDamagedFile() {
  logs_->Warning("log file " + current_info_.name + " is damaged; new records go to a new one");
  ForgetSealing();
  current_.reset();
  current_info_.closed = true;
  current_info_.bytes = FileBytesWithWal(logs_->PathOf(current_info_));
  (void)catalog_->PutFile(current_info_);  // if not, the next start finds out by itself
  logs_->Put(current_info_);
  current_info_ = {};
}

Result<void> SqliteStore::CheckWritable() {
  if (const int failed = failed_) return static_cast<StoreErrc>(failed);
  if (!HasSpace()) return StoreErrc::kDiskFull;
  return {};
}

Result<void> SqliteStore::Reopen() {
  if (failed_ == 0) return {};
  logs_->readers().CloseAll();
  ForgetSealing();
  current_.reset();
  if (current_info_.number != 0) {
    Result<std::unique_ptr<LogFile>> file = StoreErrc::kCorrupt;
    // A file that was found damaged while it was written to gets nothing more.
    if (failed_ != static_cast<int>(StoreErrc::kCorrupt))
      file = LogFile::Open(logs_->PathOf(current_info_), options_.sync, /*thorough=*/true);
    if (file) {
      // The failed commit may be in the page cache without being on the disk. It is taken out, and a full
      // checkpoint makes sure that no later commit stands behind a hole in the WAL.
      const std::lock_guard lock(state_mutex_);
      if (const auto removed = (*file)->RemoveAfter(last_id_, clients_); !removed) return removed;
      if (const auto done = (*file)->Checkpoint(/*truncate=*/true); !done) return done;
    } else if (file.error() != StoreErrc::kCorrupt) {
      return file.error();
    }
    if (file) {
      Adopt(current_info_, std::move(*file));
    } else {
      if (!KeepForReading(*catalog_, *logs_, current_info_))
        SetAside(*catalog_, *logs_, current_info_, /*known=*/true);
      current_info_ = {};
    }
  }
  next_id_ = reserved_id_ + 1;
  failed_ = 0;
  TryToClose(/*wait=*/false);
  return {};
}

void SqliteStore::Idle() {
  clock_guard_.Observe(clock_(), SinceBoot());
  if (failed_ != 0) return;
  TakeSealed();
  TryToClose(/*wait=*/false);
  if (!current_) return;
  WriteSealed();
  StartSealing();
  CheckpointIfDue();
  ForgetIdleClients();
}

void SqliteStore::ForgetIdleClients() {
  const std::int64_t now = clock_();
  if (now < clients_checked_ + kNsPerHour && now >= clients_checked_) return;
  clients_checked_ = now;
  const std::int64_t idle_since = now - kClientIdleNs;
  {
    const std::lock_guard lock(state_mutex_);
    if (std::erase_if(clients_, [&](const auto& client) { return client.second.last_seen < idle_since; }) ==
        0)
      return;
  }
  if (const auto done = current_->ForgetClients(idle_since); !done) Fail(done.error());
}

}  // namespace cistern
