// The writer's half of SqliteStore: what the rules of retention leave of a closed file takes its place.
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>

#include "storage/sqlite/sqlite_store.h"

namespace cistern {
namespace {

constexpr std::int64_t kRetryAfter = 60 * kNsPerSecond;

Result<void> FromErrno() {
  return errno == ENOSPC || errno == EDQUOT || errno == EMLINK ? StoreErrc::kDiskFull : StoreErrc::kIoError;
}

}  // namespace

// `look`: for a file to begin with; else only what was begun goes on, and what follows it.
void SqliteStore::ContinueThinning(bool look) {
  if (failed_ != 0) return;
  RemoveRetired(/*all=*/!space_ok_);
  std::erase_if(swaps_, [this](Swap& swap) { return FinishSwap(swap); });
  if (thinner_.job() && !thinner_.done()) return;
  if (!thinner_.job() && !look) return;
  if (thinner_.job()) TakeThinned();
  StartThinning();
}

void SqliteStore::StartThinning() {
  if (SinceBoot() < thin_not_before_) return;
  std::optional<ThinJob> job = NextToThin();
  if (!job) return;
  At("thin.begin");
  thinner_.Start(std::move(*job));
}

bool SqliteStore::HasRoomFor(const FileInfo& file) const {
  struct statvfs space {};
  if (::statvfs(options_.dir.c_str(), &space) != 0) return true;  // the write will tell
  const double free = static_cast<double>(space.f_bavail) * static_cast<double>(space.f_frsize);
  const double total = static_cast<double>(space.f_blocks) * static_cast<double>(space.f_frsize);
  return free - static_cast<double>(file.bytes) >= options_.free_space_reserve * total;
}

// The oldest file from which records have to go that was not looked at for that yet.
std::optional<ThinJob> SqliteStore::NextToThin() {
  RetentionRules rules;
  {
    const std::lock_guard lock(state_mutex_);
    rules = rules_;
  }
  const std::int64_t now = clock_();
  if (!rules.any() || clock_guard_.suspended(SinceBoot())) return std::nullopt;
  const std::vector<FileInfo> files = logs_->Files();
  for (const FileInfo& file : files) {
    if (!file.closed || file.totals.records == 0 || !MayShrink(file, files.back())) continue;
    const std::chrono::seconds reached = rules.Reached(AgeForRules(file, now));
    const Catalog::ThinMark& mark = thin_marks_[file.number];
    const bool looked_at = mark.fingerprint == rules.fingerprint() && mark.reached >= reached.count();
    if (reached.count() == 0 || looked_at) continue;
    const std::string path = logs_->PathOf(file);
    const bool unfit = logs_->IsDamaged(file.number) || logs_->HasRetired(file.number) ||
                       FileExists(path + "-wal") || mark.swapping || !HasRoomFor(file);
    if (unfit) continue;
    return ThinJob{.file = file,
                   .path = path,
                   .rules = rules,
                   .reached = reached,
                   .block_records = options_.block_records,
                   .at_point = options_.at_point};
  }
  return std::nullopt;
}

void SqliteStore::TakeThinned() {
  const ThinJob job = *thinner_.job();
  const Result<Thinned> thinned = thinner_.Take();
  bool wanted = logs_->IsSame(job.file) && !logs_->IsDamaged(job.file.number);
  {
    const std::lock_guard lock(state_mutex_);
    wanted = wanted && rules_.fingerprint() == job.rules.fingerprint();
  }
  if (!thinned) thin_not_before_ = SinceBoot() + kRetryAfter;
  if (!thinned || !wanted) return RemoveLogFile(job.path + kNewSuffix);
  Catalog::ThinMark mark{.number = job.file.number,
                         .fingerprint = job.rules.fingerprint(),
                         .reached = job.reached.count(),
                         .thinned = thinned->originals != nullptr};
  switch (thinned->outcome) {
    case Thinned::Outcome::kDamaged:
      logs_->Warning("log file " + job.file.name + " is damaged; what retention would take out of it stays");
      return PutMark(mark);
    case Thinned::Outcome::kNothingGoes:
      if (thinned->originals) {
        FileInfo file = job.file;
        file.originals = thinned->originals;
        logs_->Put(file);
      }
      return PutMark(mark);
    case Thinned::Outcome::kEverythingGoes:
      thinned_.push_back(Delete(job.file));
      return;
    case Thinned::Outcome::kRewritten:
      return BeginSwap(job, *thinned);
  }
}

// If the catalog cannot be told now, the work is done again after the next start.
void SqliteStore::PutMark(const Catalog::ThinMark& mark) {
  thin_marks_[mark.number] = mark;
  (void)catalog_->PutThinMark(mark);
}

void SqliteStore::BeginSwap(const ThinJob& job, const Thinned& thinned) {
  Catalog::ThinMark before = thin_marks_[job.file.number];
  Catalog::ThinMark mark{.number = job.file.number,
                         .fingerprint = job.rules.fingerprint(),
                         .reached = job.reached.count(),
                         .thinned = true,
                         .swapping = true};
  Result<void> done = catalog_->PutThinMark(mark);
  if (done) {
    At("thin.marked");
    done = SwapFiles(job);
  }
  if (!done) {
    thin_not_before_ = SinceBoot() + kRetryAfter;
    RemoveLogFile(job.path + kNewSuffix);
    before.number = job.file.number;
    // A new file that is not complete must not meet a mark that says so.
    before.swapping = !catalog_->PutThinMark(before);
    thin_marks_[before.number] = before;
    return;
  }
  FileInfo file = job.file;
  ++file.generation;
  file.totals = thinned.totals;
  file.bytes = thinned.bytes;
  file.originals = thinned.originals;
  logs_->Put(file);
  logs_->readers().CloseAll();
  thin_marks_[mark.number] = mark;
  swaps_.push_back({file, mark, {job.file.totals.first_id, job.file.totals.last_id, thinned.dropped}});
  if (FinishSwap(swaps_.back())) swaps_.pop_back();
}

Result<void> SqliteStore::SwapFiles(const ThinJob& job) {
  const std::string old = job.path + kOldSuffix;
  ::unlink(old.c_str());
  if (::link(job.path.c_str(), old.c_str()) != 0) return FromErrno();
  At("thin.linked");
  logs_->Retire(job.file);  // from here on what is read of it is read from the old name
  if (std::rename((job.path + kNewSuffix).c_str(), job.path.c_str()) == 0) return {};
  const Result<void> failed = FromErrno();
  logs_->BringBack(job.file);
  ::unlink(old.c_str());
  return failed;
}

// False: not yet. What is gone is told only once it cannot come back.
bool SqliteStore::FinishSwap(Swap& swap) {
  if (!swap.durable) {
    if (!SyncFolder(logs_dir_)) return false;
    At("thin.swapped");
    swap.durable = true;
    thinned_.push_back(swap.gone);
  }
  Catalog::ThinMark mark = swap.mark;
  mark.swapping = false;
  if (!catalog_->PutThinned(swap.file, mark)) return false;
  thin_marks_[mark.number] = mark;
  At("thin.done");
  return true;
}

void SqliteStore::RemoveRetired(bool all) {
  for (const std::string& name : logs_->TakeRetired(all)) RemoveLogFile(logs_dir_ + "/" + name + kOldSuffix);
}

}  // namespace cistern
