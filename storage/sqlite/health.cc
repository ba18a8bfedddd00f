// The writer's half of SqliteStore: space, damage, errors that stick, and housekeeping.
#include <sys/statvfs.h>

#include <algorithm>
#include <cstdlib>

#include "storage/sqlite/recovery.h"
#include "storage/sqlite/sqlite_store.h"

namespace cistern {
namespace {

constexpr std::int64_t kCheckInterval = kNsPerSecond / 10;
// An import file that got nothing for this long is closed.
constexpr std::int64_t kImportIdle = 60 * kNsPerSecond;

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
    for (OpenFile* open : {&live_, &import_}) CheckFile(*open);
  }
  if (!space_ok_) return StoreErrc::kDiskFull;
  return {};
}

// Somebody deleted or replaced the open file: what it held is lost, what comes goes to a new one.
void SqliteStore::CheckFile(OpenFile& open) {
  if (!open.file) return;
  const std::string path = logs_->PathOf(open.info);
  if (logs_->IsDamaged(open.info.number)) {
    LeaveDamagedFile(open);
  } else if (FileInode(path) != open.inode) {
    logs_->Warning("log file " + open.info.name + " was deleted by somebody else; its records are lost");
    std::vector<Gap> gone;
    const BlockSummary& totals = open.info.totals;
    if (totals.records != 0) gone.push_back({totals.first_id, totals.last_id, totals.records});
    open.file.reset();
    (void)catalog_->BeginDelete(open.info.number, gone);
    (void)catalog_->DropFile(open.info.number);
    logs_->Remove(open.info.number, gone);
    open = {};
  } else if (open.file->wal_bytes() != 0 && !FileExists(path + "-wal")) {
    logs_->Warning("the -wal of log file " + open.info.name +
                   " was deleted by somebody else; nothing is lost");
    CloseFile(open);
  }
}

// What can be read of it stays. No checkpoint: it would only spread the damage or fail.
void SqliteStore::LeaveDamagedFile(OpenFile& open) {
  logs_->Warning("log file " + open.info.name + " is damaged; new records go to a new one");
  open.file.reset();
  open.info.closed = true;
  open.info.bytes = FileBytesWithWal(logs_->PathOf(open.info));
  logs_->Put(open.info);  // the catalog still calls it open, so that the next start looks closely
  open = {};
}

Result<void> SqliteStore::CheckWritable() {
  if (const int failed = failed_) return static_cast<StoreErrc>(failed);
  if (!HasSpace()) return StoreErrc::kDiskFull;
  return {};
}

Result<void> SqliteStore::Reopen() {
  if (failed_ == 0) return {};
  logs_->readers().CloseAll();
  for (OpenFile* open : {&live_, &import_})
    if (const auto reopened = ReopenFile(*open); !reopened) return reopened;
  next_id_ = reserved_id_ + 1;
  failed_ = 0;
  // Ids that the failed commit had must not come back.
  if (import_.file) CloseFile(import_);
  TryToClose(/*wait=*/false);
  return {};
}

Result<void> SqliteStore::ReopenFile(OpenFile& open) {
  ForgetSealing(open);
  open.file.reset();
  if (open.info.number == 0) return {};
  for (const char* suffix : {"", "-wal"}) ForgetCached(logs_->PathOf(open.info) + suffix);
  Result<std::unique_ptr<LogFile>> file = StoreErrc::kCorrupt;
  // A file that was found damaged while it was written to gets nothing more.
  if (failed_ != static_cast<int>(StoreErrc::kCorrupt))
    file = LogFile::Open(logs_->PathOf(open.info), options_.sync, /*thorough=*/true);
  if (file) {
    // The failed commit may be in the page cache without being on the disk. It is taken out, and a full
    // checkpoint makes sure that no later commit stands behind a hole in the WAL.
    const std::lock_guard lock(state_mutex_);
    if (const auto removed = (*file)->RemoveAfter(ToInt(open.info.totals.last_id), clients_); !removed)
      return removed;
    if (const auto done = (*file)->Checkpoint(/*truncate=*/true); !done) return done;
    // A -wal that was there already may have been made without its folder having been synced.
    if (const auto synced = SyncFolder(logs_dir_); !synced) return synced;
  } else if (file.error() != StoreErrc::kCorrupt) {
    return file.error();
  }
  if (file) {
    Adopt(open, open.info, std::move(*file));
    return {};
  }
  LeaveDamagedFile(open);  // what it holds is known, so readers and the next start may try again
  return {};
}

void SqliteStore::Idle() {
  clock_guard_.Observe(clock_(), SinceBoot());
  logs_->DropUnasked();
  if (failed_ != 0) return;
  TakeSealed();
  if (import_.file && std::llabs(clock_() - import_used_) > kImportIdle) CloseFile(import_);
  TryToClose(/*wait=*/false);
  for (OpenFile* open : {&live_, &import_}) {
    if (!open->file) continue;
    WriteSealed(*open);
    StartSealing(*open);
    CheckpointIfDue(*open);
  }
  if (live_.file) ForgetIdleClients();
  ContinueThinning(/*look=*/false);
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
  if (const auto done = live_.file->ForgetClients(idle_since); !done) Fail(done.error());
}

}  // namespace cistern
