#include "storage/sqlite/log_scan.h"

#include <algorithm>
#include <utility>

#include "storage/block/block_codec.h"

namespace cistern {

LogScan::LogScan(std::shared_ptr<LogSet> logs, const ScanOptions& options)
    : logs_(std::move(logs)),
      options_(options),
      position_(options.order == ScanOrder::kOldestFirst ? std::max<std::uint64_t>(options.id_min, 1)
                                                         : options.id_max),
      started_(options.id_min > 1) {}

bool LogScan::AtEnd() const {
  return forward() ? position_ > options_.id_max : position_ < std::max<std::uint64_t>(options_.id_min, 1);
}

void LogScan::PassTo(std::uint64_t first_id, std::uint64_t last_id) {
  if (forward()) {
    position_ = std::max(position_, last_id + 1);
  } else {
    position_ = std::min(position_, first_id - 1);
  }
}

void LogScan::NoteGap(std::uint64_t next_first_id) {
  const bool concerned = std::exchange(started_, true);
  if (!concerned || next_first_id <= position_) return;
  const std::optional<Gap> gone = logs_->GoneBetween(position_, next_first_id - 1);
  if (!gone) return;
  if (!gap_) gap_ = Gap{gone->first, gone->last, 0};
  gap_->last = gone->last;
  gap_->records += gone->records;
}

Result<std::unique_ptr<StoredBatch>> LogScan::Next() {
  while (!AtEnd()) {
    const LogSet::Found found = forward() ? logs_->AtOrAfter(position_) : logs_->AtOrBefore(position_);
    if (!found.in_memory && !found.file) break;
    Result<Step> step = found.in_memory ? FromMemory(found) : FromFile(*found.file);
    if (!step) return step.error();
    if (step->batch) return std::move(step->batch);
    if (step->done) break;
  }
  return std::unique_ptr<StoredBatch>();
}

Result<LogScan::Step> LogScan::FromMemory(const LogSet::Found& found) {
  if (!found.batch) return Step{.done = true};
  const BlockSummary& summary = found.batch->summary;
  const std::uint64_t first = ToInt(summary.first_id), last = ToInt(summary.last_id);
  if (forward() ? first > options_.id_max : last < options_.id_min) return Step{.done = true};
  if (forward()) NoteGap(first);
  PassTo(first, last);
  if (summary.max_received < options_.received_min || summary.min_received > options_.received_max)
    return Step{};
  Result<std::unique_ptr<StoredBatch>> batch = OpenBlock(found.batch->blob);
  if (!batch) return batch.error();
  return Step{.batch = std::move(*batch)};
}

Result<LogScan::Step> LogScan::FromFile(const FileInfo& file) {
  const std::uint64_t first = ToInt(file.totals.first_id), last = ToInt(file.totals.last_id);
  if (forward() ? first > options_.id_max : last < options_.id_min) return Step{.done = true};
  if (forward()) NoteGap(first);
  if (file.totals.max_received < options_.received_min || file.totals.min_received > options_.received_max) {
    SkipFile(file);
    return Step{};
  }
  const Result<std::optional<StoredRow>> row = ReadRow(file);
  if (!row) {
    if (!logs_->Contains(file.number)) return Step{};  // deleted meanwhile: the next look finds the gap
    const bool may_work_later = row.error() == StoreErrc::kBusy ||
                                (row.error() == StoreErrc::kNoAccess && FileExists(logs_->PathOf(file)));
    if (may_work_later) return row.error();
    logs_->ReportUnreadable(file, row.error());
    SkipFile(file);
    return Step{};
  }
  if (!*row) {
    SkipFile(file);
    return Step{};
  }
  PassTo(ToInt((*row)->first_id), ToInt((*row)->last_id));
  Result<std::unique_ptr<StoredBatch>> batch = OpenBlock((*row)->blob);
  if (!batch || !CheckBlock(*(*row)->blob)) {
    logs_->Quarantine(file, (*row)->first_id, (*row)->last_id);
    return Step{};
  }
  return Step{.batch = std::move(*batch)};
}

void LogScan::SkipFile(const FileInfo& file) {
  PassTo(ToInt(file.totals.first_id), ToInt(file.totals.last_id));
}

RowBounds LogScan::BoundsIn(const FileInfo& file) const {
  RowBounds bounds{options_.id_min, options_.id_max, options_.received_min, options_.received_max};
  if (narrowed_file_ == file.number) {
    bounds.id_min = std::max(bounds.id_min, narrowed_.id_min);
    bounds.id_max = std::min(bounds.id_max, narrowed_.id_max);
  }
  if (forward()) {
    bounds.id_min = std::max(bounds.id_min, position_);
  } else {
    bounds.id_max = std::min(bounds.id_max, position_);
  }
  return bounds;
}

Result<std::optional<StoredRow>> LogScan::ReadRow(const FileInfo& file) {
  Result<ReaderPool::Lease> reader = logs_->readers().Acquire(file);
  if (!reader) return reader.error();
  if (narrowed_file_ != file.number) {
    narrowed_ = {1, UINT64_MAX, options_.received_min, options_.received_max};
    if (const Result<void> done = (*reader)->Narrow(file.totals, narrowed_); !done) {
      reader->Discard();
      return done.error();
    }
    narrowed_file_ = file.number;
  }
  const RowBounds bounds = BoundsIn(file);
  Result<std::optional<StoredRow>> row = forward() ? (*reader)->First(bounds) : (*reader)->Last(bounds);
  if (!row) reader->Discard();
  return row;
}

std::optional<Gap> LogScan::TakeGap() { return std::exchange(gap_, std::nullopt); }

}  // namespace cistern
