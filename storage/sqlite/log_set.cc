#include "storage/sqlite/log_set.h"

#include <algorithm>

#include "storage/sqlite/catalog.h"

namespace cistern {
namespace {

// More damaged batches than this are still skipped and counted, but not told apart any more.
constexpr std::size_t kMaxRemembered = 10000;

}  // namespace

LogSet::LogSet(std::string logs_dir, MemoryLimits limits, Warn warn)
    : logs_dir_(std::move(logs_dir)),
      warn_(std::move(warn)),
      readers_(logs_dir_),
      recent_(limits.recent_bytes),
      received_(limits.received_bytes) {}

void LogSet::Put(const FileInfo& file, std::vector<RecentBatch> committed, RecentCommits::Commit received) {
  std::vector<RecentCommits::Commit> dropped, surplus;  // freed without the lock
  const std::lock_guard lock(mutex_);
  FileInfo& now = files_[file.number];
  if (now.generation != file.generation) {
    recent_.DropThrough(ToInt(now.totals.last_id));
    dropped = received_.DropThrough(ToInt(now.totals.last_id));
  }
  std::shared_ptr<const char> held = now.generation == file.generation ? now.held : nullptr;
  now = file;
  now.held = held ? std::move(held) : std::make_shared<const char>();
  for (RecentBatch& batch : committed) recent_.Add(std::move(batch));
  if (received) surplus = received_.Add(std::move(received));
}

void LogSet::DropUnasked() {
  std::vector<RecentCommits::Commit> dropped;
  const std::lock_guard lock(mutex_);
  dropped = received_.DropUnasked();
}

void LogSet::ReplaceRecent(std::vector<RecentBatch> pieces) {
  const std::lock_guard lock(mutex_);
  recent_.Replace(std::move(pieces));
}

void LogSet::ForgetRecent(std::uint64_t next_id) {
  std::vector<RecentCommits::Commit> dropped;
  const std::lock_guard lock(mutex_);
  recent_.Reset(next_id);
  dropped = received_.DropThrough(UINT64_MAX);
}

void LogSet::Remove(std::uint64_t number, const std::vector<Gap>& gone) {
  std::vector<RecentCommits::Commit> dropped;
  {
    const std::lock_guard lock(mutex_);
    const auto found = files_.find(number);
    if (found == files_.end()) return;
    if (found->second.totals.records != 0) {
      recent_.DropThrough(ToInt(found->second.totals.last_id));
      dropped = received_.DropThrough(ToInt(found->second.totals.last_id));
    }
    files_.erase(found);
    for (const Gap& run : gone) AddGone(gone_, run);
  }
  readers_.CloseAll();
}

void LogSet::Start(std::uint64_t next_id, std::vector<Gap> gone) {
  const std::lock_guard lock(mutex_);
  recent_.Reset(next_id);
  gone_ = std::move(gone);
}

std::vector<FileInfo> LogSet::Files() const {
  const std::lock_guard lock(mutex_);
  std::vector<FileInfo> files;
  for (const auto& [number, file] : files_) files.push_back(file);
  return files;
}

bool LogSet::Contains(std::uint64_t number) const {
  const std::lock_guard lock(mutex_);
  return files_.contains(number);
}

bool LogSet::IsSame(const FileInfo& file) const {
  const std::lock_guard lock(mutex_);
  const auto found = files_.find(file.number);
  return found != files_.end() && found->second.generation == file.generation;
}

LogSet::Place LogSet::PlaceOf(const FileInfo& file, FileInfo& now) const {
  const std::lock_guard lock(mutex_);
  if (retired_.contains({file.number, file.generation})) {
    now = file;
    return Place::kRetired;
  }
  const auto found = files_.find(file.number);
  if (found == files_.end() || found->second.generation != file.generation) return Place::kNowhere;
  now = found->second;
  return Place::kCurrent;
}

Result<ReaderPool::Lease> LogSet::Acquire(const FileInfo& file) {
  for (;;) {
    FileInfo now, later;
    const Place place = PlaceOf(file, now);
    if (place == Place::kNowhere) return StoreErrc::kNotFound;
    Result<ReaderPool::Lease> lease = readers_.Acquire(now, place == Place::kRetired);
    // The name may have become another file's before it was opened.
    if (PlaceOf(file, later) == place) return lease;
    if (lease) lease->Discard();
  }
}

bool LogSet::Keeps(const FileInfo& file) const {
  FileInfo now;
  return PlaceOf(file, now) != Place::kNowhere;
}

void LogSet::Retire(const FileInfo& file) {
  const std::lock_guard lock(mutex_);
  const auto found = files_.find(file.number);
  if (found != files_.end()) retired_[{file.number, file.generation}] = {file.name, found->second.held};
}

void LogSet::BringBack(const FileInfo& file) {
  const std::lock_guard lock(mutex_);
  retired_.erase({file.number, file.generation});
}

bool LogSet::HasRetired(std::uint64_t number) const {
  const std::lock_guard lock(mutex_);
  const auto at = retired_.lower_bound({number, 0});
  return at != retired_.end() && at->first.first == number;
}

std::vector<std::string> LogSet::TakeRetired(bool all) {
  std::vector<std::string> names;
  const std::lock_guard lock(mutex_);
  std::erase_if(retired_, [&](const auto& entry) {
    if (!all && !entry.second.held.expired()) return false;
    names.push_back(entry.second.name);
    return true;
  });
  return names;
}

LogSet::Found LogSet::AtOrAfter(std::uint64_t id, bool as_received) {
  const std::lock_guard lock(mutex_);
  Found found;
  // Who reads what is older has no use for the newest yet.
  if (as_received && id >= recent_.covered_from()) found.received = received_.Holding(id);
  if (found.received) {
    found.in_memory = true;
    return found;
  }
  if (id >= recent_.covered_from()) {
    found.in_memory = true;
    if (const RecentBatch* batch = recent_.AtOrAfter(id)) found.batch = *batch;
    return found;
  }
  for (const auto& [number, file] : files_) {
    if (file.totals.records == 0 || ToInt(file.totals.last_id) < id) continue;
    found.file = file;
    break;
  }
  return found;
}

LogSet::Found LogSet::AtOrBefore(std::uint64_t id) const {
  const std::lock_guard lock(mutex_);
  Found found;
  if (const RecentBatch* batch = recent_.AtOrBefore(id)) {
    found.in_memory = true;
    found.batch = *batch;
    return found;
  }
  for (auto at = files_.rbegin(); at != files_.rend(); ++at) {
    const BlockSummary& totals = at->second.totals;
    if (totals.records == 0 || ToInt(totals.first_id) > id) continue;
    found.file = at->second;
    break;
  }
  return found;
}

std::shared_ptr<const std::string> LogSet::RecentBlob(const BlockSummary& row) const {
  const std::lock_guard lock(mutex_);
  if (ToInt(row.first_id) < recent_.covered_from()) return nullptr;
  const RecentBatch* batch = recent_.AtOrAfter(ToInt(row.first_id));
  const bool same = batch && batch->summary.first_id == row.first_id && batch->summary.last_id == row.last_id;
  return same ? batch->blob : nullptr;
}

std::optional<Gap> LogSet::GoneBetween(std::uint64_t first, std::uint64_t last) const {
  const std::lock_guard lock(mutex_);
  std::optional<Gap> total;
  const auto add = [&](const Gap& run, std::uint64_t most) {
    const std::uint64_t from = std::max(first, ToInt(run.first)), to = std::min(last, ToInt(run.last));
    if (from > to) return;
    if (!total) total = Gap{RecordId{from}, RecordId{to}, 0};
    total->first = std::min(total->first, RecordId{from});
    total->last = std::max(total->last, RecordId{to});
    total->records += std::min(to - from + 1, most);
  };
  for (const Gap& run : gone_) add(run, run.records);
  for (const auto& [number, file] : files_) {
    if (!file.originals) continue;
    for (const Gap& run : *file.originals) {
      const RecordId before{ToInt(file.totals.first_id) - 1}, behind{ToInt(file.totals.last_id) + 1};
      add({run.first, std::min(run.last, before)}, UINT64_MAX);
      add({std::max(run.first, behind), run.last}, UINT64_MAX);
    }
  }
  return total;
}

void LogSet::NoteDamage(const FileInfo& file, RecordId first, RecordId last, bool quarantined) {
  {
    const std::lock_guard lock(mutex_);
    damaged_files_.insert(file.number);
    if (damage_.size() == kMaxRemembered) return;
    const auto [at, is_new] =
        damage_.try_emplace({file.number, ToInt(first)}, Damage{.records = ToInt(last) - ToInt(first) + 1});
    at->second.quarantined |= quarantined;
    if (!is_new) return;
  }
  quarantined_.fetch_add(1, std::memory_order_relaxed);
  Warning("records " + std::to_string(ToInt(first)) + " to " + std::to_string(ToInt(last)) + " in " +
          file.name + " are damaged and will be left out");
}

void LogSet::Quarantine(const FileInfo& file, RecordId first, RecordId last) {
  NoteDamage(file, first, last, /*quarantined=*/true);
}

bool LogSet::IsQuarantined(const FileInfo& file, RecordId first) const {
  const std::lock_guard lock(mutex_);
  const auto found = damage_.find({file.number, ToInt(first)});
  return found != damage_.end() && found->second.quarantined;
}

void LogSet::ReportDamagedRow(const FileInfo& file, RecordId first, RecordId last) {
  const bool plausible = first >= file.totals.first_id && first <= last && last <= file.totals.last_id;
  if (plausible) return NoteDamage(file, first, last, /*quarantined=*/false);
  ReportPartlyUnreadable(file);
}

void LogSet::ReportHole(const FileInfo& file, RecordId after, RecordId before, std::uint64_t records) {
  {
    const std::lock_guard lock(mutex_);
    damaged_files_.insert(file.number);
    // Without those whose row was met itself.
    for (auto at = damage_.upper_bound({file.number, ToInt(after)});
         at != damage_.end() && at->first < std::pair(file.number, ToInt(before)); ++at)
      records -= std::min(records, at->second.records);
    if (records == 0 || damage_.size() == kMaxRemembered) return;
    damage_[{file.number, ToInt(after) + 1}].records += records;
  }
  quarantined_.fetch_add(1, std::memory_order_relaxed);
  Warning(std::to_string(records) + " records between " + std::to_string(ToInt(after)) + " and " +
          std::to_string(ToInt(before)) + " in " + file.name + " cannot be read any more");
}

void LogSet::ReportIndexDamage(const FileInfo& file, RecordId first) {
  {
    const std::lock_guard lock(mutex_);
    damaged_files_.insert(file.number);
    if (!bad_index_files_.insert(file.number).second) return;
  }
  Warning("the index of the block from record " + std::to_string(ToInt(first)) + " on in " + file.name +
          " is damaged; its records are read without it");
}

void LogSet::ReportPartlyUnreadable(const FileInfo& file) {
  {
    const std::lock_guard lock(mutex_);
    damaged_files_.insert(file.number);
    if (!partly_unreadable_files_.insert(file.number).second) return;
  }
  Warning("a part of log file " + file.name + " is damaged and will be left out");
}

void LogSet::ReportUnreadable(const FileInfo& file, const boost::system::error_code& error) {
  {
    const std::lock_guard lock(mutex_);
    damaged_files_.insert(file.number);
    if (!unreadable_files_.insert(file.number).second) return;
  }
  Warning("log file " + file.name + " cannot be read and will be left out: " + error.message());
}

void LogSet::MarkDamaged(std::uint64_t number) {
  const std::lock_guard lock(mutex_);
  damaged_files_.insert(number);
}

bool LogSet::IsDamaged(std::uint64_t number) const {
  const std::lock_guard lock(mutex_);
  return damaged_files_.contains(number);
}

}  // namespace cistern
