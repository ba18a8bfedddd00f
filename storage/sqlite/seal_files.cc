// The writer's half of SqliteStore: what the background worker sealed is written, full files are closed.
#include <algorithm>

#include "storage/sqlite/sqlite_store.h"

namespace cistern {
namespace {

// So few records are sealed at once where a file is closed: it takes a few milliseconds.
constexpr std::uint64_t kSealAtOnce = 4096;
constexpr std::int64_t kRetryAfter = 10 * kNsPerSecond;

}  // namespace

void SqliteStore::StartSealing(OpenFile& open) {
  if (!open.file || open.job != 0 || open.ready || SinceBoot() < open.seal_not_before) return;
  if (open.file->OtherTailIsEmpty()) {
    if (!open.file->TailIsDue()) return;
    At("seal.begin");
    open.file->SwitchTails();
  }
  Result<SealJob> job = open.file->PlanSealing(/*closing=*/false);
  if (!job) {
    open.seal_not_before = SinceBoot() + kRetryAfter;
    return;
  }
  job->number = open.job = ++last_job_;
  job->file = open.info;
  sealer_->Start(std::move(*job));
}

// Collects what the worker has done.
void SqliteStore::TakeSealed() {
  while (std::optional<Sealer::Done> done = sealer_->Take()) {
    for (OpenFile* open : {&live_, &import_}) {
      if (open->job != done->number) continue;
      open->job = 0;
      if (done->result) {
        open->ready = std::move(*done->result);
      } else {
        open->seal_not_before = SinceBoot() + kRetryAfter;
        if (done->result.error() == StoreErrc::kCorrupt) logs_->MarkDamaged(open->info.number);
      }
    }
    for (Closing& closing : closing_) {
      if (closing.job != done->number) continue;
      closing.job = 0;
      if (done->result) {
        closing.ready = std::move(*done->result);
      } else {
        closing.keep_tail = true;
      }
    }
  }
}

// In a transaction of its own, when no commit comes that could take it along.
void SqliteStore::WriteSealed(OpenFile& open) {
  if (!open.ready) return;
  LogCommit commit;
  commit.sealed = &*open.ready;
  if (const auto done = open.file->Append(commit); !done) {
    if (done.error() != StoreErrc::kDiskFull) Fail(done.error());
    return;
  }
  PublishSealed(*open.ready);
  open.ready.reset();
}

void SqliteStore::ForgetSealing(OpenFile& open) {
  open.job = 0;
  open.ready.reset();
  open.seal_not_before = INT64_MIN;
}

void SqliteStore::PublishSealed(const SealedTail& sealed) {
  At("seal.committed");
  for (const SealedSegment& segment : sealed.segments) logs_->ReplaceRecent(segment.rows);
}

// What is left in the tails of a full file becomes blocks. False: not done yet.
bool SqliteStore::SealClosing(Closing& closing, bool wait) {
  if (closing.job != 0) return false;
  LogFile& file = *closing.file;
  if (closing.ready) {
    LogCommit commit;
    commit.sealed = &*closing.ready;
    const Result<void> done = file.Append(commit);
    if (!done && done.error() == StoreErrc::kDiskFull) return false;
    if (done) PublishSealed(*closing.ready);
    if (!done) closing.keep_tail = true;
    closing.ready.reset();
  }
  while (!closing.keep_tail && file.HasTailRows()) {
    if (!wait && file.tail_records() > kSealAtOnce) {
      Result<SealJob> job = file.PlanSealing(/*closing=*/true);
      if (!job) break;
      job->number = closing.job = ++last_job_;
      job->file = closing.info;
      sealer_->Start(std::move(*job));
      return false;
    }
    const Result<SealedTail> sealed = file.SealNow();
    if (!sealed && sealed.error() == StoreErrc::kDiskFull && !wait) return false;
    if (!sealed) break;
    PublishSealed(*sealed);
  }
  closing.keep_tail = true;
  return true;
}

// Those that sent imports are known to the file of the import only, which nobody asks once it is closed.
bool SqliteStore::KeepClients() {
  const std::lock_guard lock(state_mutex_);
  const Result<void> kept = live_.file->KeepClients(clients_);
  if (!kept) Fail(kept.error());
  return kept.has_value();
}

// False: not now.
bool SqliteStore::Close(Closing& closing) {
  const bool alone = closing.info.imported && !live_.file;  // a later live file gets the sequences
  if (closing.info.imported && !alone && !KeepClients()) return false;
  At("roll.sealed");
  (void)closing.file->Shrink();  // what is left unused can stay
  if (const auto done = closing.file->Checkpoint(/*truncate=*/true); !done) {
    Fail(done.error());
    return false;
  }
  At("roll.checkpointed");
  closing.file.reset();
  closing.info.bytes = FileBytesWithWal(logs_->PathOf(closing.info));
  closing.info.closed = true;
  if (!alone) (void)catalog_->PutFile(closing.info);  // if not, the next start finds out by itself
  logs_->Put(closing.info);
  At("roll.closed");
  return true;
}

// `wait`: sealing is done here and now.
void SqliteStore::TryToClose(bool wait) {
  for (auto at = closing_.begin(); at != closing_.end();) {
    if (!SealClosing(*at, wait)) {
      ++at;
      continue;
    }
    logs_->readers().CloseAll();
    at = Close(*at) ? closing_.erase(at) : at + 1;
  }
}

}  // namespace cistern
