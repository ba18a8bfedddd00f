#include "storage/sqlite/log_scan.h"

#include <algorithm>
#include <utility>

#include "storage/block/block_codec.h"
#include "storage/sqlite/log_block.h"
#include "storage/sqlite/received_batch.h"
#include "storage/sqlite/sliced_batch.h"

namespace cistern {
namespace {

constexpr std::size_t kMaxWindow = 32;
// Sealing takes rows away under a reader, but not so often in a row: then their tree is damaged.
constexpr int kMaxVanished = 8;

}  // namespace

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
  moved_ = true;
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
  position_ = next_first_id;  // not to be counted again
  if (gone) AddToGap(*gone);
}

void LogScan::AddToGap(const Gap& gone) {
  if (!gap_) gap_ = Gap{gone.first, gone.last, 0};
  gap_->last = gone.last;
  gap_->records += gone.records;
}

// What retention took from before and within a row that is passed now.
void LogScan::NoteThinned(const BlockSummary& row, std::uint64_t position, StoredBatch* batch) {
  if (!forward() || !window_.file->originals) return;
  const std::uint64_t first = ToInt(row.first_id), last = ToInt(row.last_id);
  std::uint64_t kept = row.records, from = first;
  if (moved_ || options_.id_min > 1) from = std::max(position, ToInt(window_.file->totals.first_id));
  if (from > first) {  // read in part
    if (batch == nullptr) return;
    const std::span<const std::int64_t> ids = batch->Ints(Column::kId);
    if (batch->damaged()) return;
    const auto is_before = [from](std::int64_t id) { return static_cast<std::uint64_t>(id) < from; };
    kept -= static_cast<std::uint64_t>(std::ranges::count_if(ids, is_before));
  }
  const std::uint64_t were = CountIn(*window_.file->originals, from, last);
  if (were > kept) AddToGap({RecordId{from}, row.last_id, were - kept});
}

Result<std::unique_ptr<StoredBatch>> LogScan::Next() {
  while (!AtEnd()) {
    const LogSet::Found found =
        forward() ? logs_->AtOrAfter(position_, options_.as_received) : logs_->AtOrBefore(position_);
    if (!found.in_memory && !found.file) break;
    Result<Step> step = found.in_memory ? FromMemory(found) : FromFile(*found.file);
    if (!step) return step.error();
    if (step->batch) return std::move(step->batch);
    if (step->done) break;
  }
  return std::unique_ptr<StoredBatch>();
}

// Without the rows that this scan gave in another form already: tail rows become blocks while it is under
// way.
std::unique_ptr<StoredBatch> LogScan::Unread(std::unique_ptr<StoredBatch> batch, std::uint64_t limit) const {
  if (forward() ? ToInt(batch->first_id()) >= limit : ToInt(batch->last_id()) <= limit) return batch;
  return forward() ? SlicedBatch::Make(std::move(batch), limit, UINT64_MAX)
                   : SlicedBatch::Make(std::move(batch), 0, limit);
}

Result<LogScan::Step> LogScan::FromMemory(const LogSet::Found& found) {
  if (forward()) window_ = {};  // what is passed here is not missing between the rows of a file
  if (found.received) return FromReceived(found.received);
  if (!found.batch) return Step{.done = true};
  const BlockSummary& summary = found.batch->summary;
  const std::uint64_t first = ToInt(summary.first_id), last = ToInt(summary.last_id);
  if (forward() ? first > options_.id_max : last < options_.id_min) return Step{.done = true};
  if (forward()) NoteGap(first);
  const bool moved = moved_;
  const std::uint64_t position = position_;
  PassTo(first, last);
  if (!Wanted(summary)) return Step{};
  Result<std::unique_ptr<StoredBatch>> batch = OpenRecent(*found.batch);
  if (!batch) return batch.error();
  return Step{.batch = moved ? Unread(std::move(*batch), position) : std::move(*batch)};
}

// It holds position_: there is no gap before it, and nothing of what is given was given before.
LogScan::Step LogScan::FromReceived(const RecentCommits::Commit& commit) {
  NoteGap(position_);
  auto batch = std::make_unique<ReceivedBatch>(commit, position_);
  PassTo(ToInt(batch->first_id()), ToInt(batch->last_id()));
  return {.batch = std::move(batch)};
}

Result<LogScan::Step> LogScan::FromFile(const FileInfo& file) {
  const std::uint64_t first = ToInt(file.totals.first_id), last = ToInt(file.totals.last_id);
  if (forward() ? first > options_.id_max : last < options_.id_min) return Step{.done = true};
  if (forward()) NoteGap(first);
  if (!Wanted(file.totals)) {
    PassTo(first, last);
    return Step{};
  }
  if (const auto entered = EnterFile(file); !entered) return AfterError(file, entered.error());
  if (window_.rows.empty())
    if (const auto read = ReadAhead(); !read) return AfterError(file, read.error());
  if (window_.rows.empty()) {
    LookForHoleAtEnd();
    window_ = {};
    PassTo(first, last);
    return Step{};
  }
  LogRow row = std::move(window_.rows.front());
  window_.rows.pop_front();
  return FromRow(std::move(row));
}

Result<LogScan::Step> LogScan::AfterError(const FileInfo& file, const boost::system::error_code& error) {
  window_ = {};
  if (!logs_->IsSame(file)) return Step{};  // deleted meanwhile: the next look finds the gap
  const bool may_work_later =
      error == StoreErrc::kBusy || (error == StoreErrc::kNoAccess && FileExists(logs_->PathOf(file)));
  if (may_work_later) return error;
  logs_->ReportUnreadable(file, error);
  PassTo(ToInt(file.totals.first_id), ToInt(file.totals.last_id));
  return Step{};
}

Result<LogScan::Step> LogScan::FromRow(LogRow row) {
  const std::shared_ptr<const FileInfo> file = window_.file;
  LookForHole(row);
  const bool moved = moved_;
  const std::uint64_t position = position_;
  const std::uint64_t first = ToInt(row.summary.first_id), last = ToInt(row.summary.last_id);
  std::unique_ptr<StoredBatch> batch;
  const bool wanted = Wanted(row.summary) && !logs_->IsQuarantined(*file, row.summary.first_id);
  if (wanted && row.table != LogTable::kBlock) {
    Result<std::unique_ptr<StoredBatch>> opened = OpenTailRow(row);
    const bool vanished = !opened && opened.error() == StoreErrc::kNotFound;
    if (vanished && ++vanished_ < kMaxVanished) {  // sealed since it was read ahead
      window_.rows.clear();
      window_.complete = false;
      window_.last.reset();
      return Step{};
    }
    if (vanished || (!opened && opened.error() == StoreErrc::kCorrupt)) {
      logs_->Quarantine(*file, row.summary.first_id, row.summary.last_id);
    } else if (!opened) {
      return AfterError(*file, opened.error());
    } else {
      batch = std::move(*opened);
    }
  }
  vanished_ = 0;
  window_.last = row;
  window_.last->index.reset();
  if (wanted && row.table == LogTable::kBlock)
    batch = std::make_unique<LogBlock>(logs_, file, std::move(row));
  NoteThinned(window_.last->summary, position, batch.get());
  PassTo(first, last);
  if (batch && moved) batch = Unread(std::move(batch), position);
  return Step{.batch = std::move(batch)};
}

Result<std::unique_ptr<StoredBatch>> LogScan::OpenTailRow(const LogRow& row) {
  Result<ReaderPool::Lease> reader = logs_->Acquire(*window_.file);
  if (!reader) return reader.error();
  Result<std::shared_ptr<const std::string>> blob = (*reader)->TailBlob(row.table, row.summary);
  if (!blob) {
    reader->Discard();
    return blob.error();
  }
  if (!*blob) return StoreErrc::kNotFound;
  if (const auto checked = CheckBlock(**blob); !checked) return checked.error();
  Result<std::unique_ptr<StoredBatch>> batch = OpenBlock(std::move(*blob));
  if (batch && !SameSummary(**batch, row.summary)) return StoreErrc::kCorrupt;
  return batch;
}

// Also again when the file has grown since.
Result<void> LogScan::EnterFile(const FileInfo& file) {
  const bool same =
      window_.file && window_.file->number == file.number && window_.file->generation == file.generation;
  if (same && window_.file->totals.last_id == file.totals.last_id) return {};
  if (!same) window_ = {};
  window_.complete = false;
  Result<ReaderPool::Lease> reader = logs_->Acquire(file);
  if (!reader) return reader.error();
  RowBounds narrowed;
  if (const auto done =
          (*reader)->Narrow(file.totals, options_.received_min, options_.received_max, narrowed);
      !done) {
    reader->Discard();
    return done;
  }
  window_.file = std::make_shared<const FileInfo>(file);
  window_.narrowed = narrowed;
  return {};
}

// What stands behind the file's figures was not acknowledged.
RowBounds LogScan::BoundsNow() const {
  RowBounds bounds{std::max(options_.id_min, window_.narrowed.id_min),
                   std::min(options_.id_max, window_.narrowed.id_max)};
  bounds.id_max = std::min(bounds.id_max, ToInt(window_.file->totals.last_id));
  if (forward()) {
    bounds.id_min = std::max(bounds.id_min, position_);
  } else {
    bounds.id_max = std::min(bounds.id_max, position_);
  }
  return bounds;
}

Result<void> LogScan::ReadAhead() {
  if (window_.complete) return {};
  const RowBounds bounds = BoundsNow();
  if (bounds.id_min > bounds.id_max) return {};
  const FileInfo& file = *window_.file;
  Result<ReaderPool::Lease> reader = logs_->Acquire(file);
  if (!reader) return reader.error();
  Result<LogReader::Rows> read = (*reader)->Read(bounds, options_.order, window_.limit, file.totals.last_id);
  if (!read) {
    reader->Discard();
    return read.error();
  }
  if (read->unreadable) logs_->ReportPartlyUnreadable(file);
  for (const LogRow& row : read->damaged)
    logs_->ReportDamagedRow(file, row.summary.first_id, row.summary.last_id);
  window_.rows.assign(std::make_move_iterator(read->rows.begin()), std::make_move_iterator(read->rows.end()));
  window_.complete = read->complete;
  window_.limit = std::min(window_.limit * 2, kMaxWindow);
  return {};
}

// Every row tells how many records the file has up to it; neighbours that do not agree have lost one between.
void LogScan::LookForHole(const LogRow& row) {
  if (!window_.last) return LookForHoleAtStart(row);
  const LogRow& before = forward() ? *window_.last : row;
  const LogRow& after = forward() ? row : *window_.last;
  if (after.summary.first_id <= before.summary.last_id) return;  // another form of the same records
  const std::uint64_t expected = before.file.totals.records + after.summary.records;
  if (after.file.totals.records > expected)
    logs_->ReportHole(*window_.file, before.summary.last_id, after.summary.first_id,
                      after.file.totals.records - expected);
}

// The first row that the scan meets in this file.
void LogScan::LookForHoleAtStart(const LogRow& row) {
  const BlockSummary& totals = window_.file->totals;
  const bool whole = forward() ? position_ <= ToInt(totals.first_id) && window_.narrowed.id_min <= 1
                               : position_ >= ToInt(totals.last_id) && window_.narrowed.id_max == UINT64_MAX;
  if (!whole) return;
  if (forward() && row.file.totals.records > row.summary.records) {
    logs_->ReportHole(*window_.file, RecordId{ToInt(totals.first_id) - 1}, row.summary.first_id,
                      row.file.totals.records - row.summary.records);
  } else if (!forward() && totals.records > row.file.totals.records) {
    logs_->ReportHole(*window_.file, row.summary.last_id, RecordId{ToInt(totals.last_id) + 1},
                      totals.records - row.file.totals.records);
  }
}

// The file ends here for this scan: what its figures promise must have been there.
void LogScan::LookForHoleAtEnd() {
  const BlockSummary& totals = window_.file->totals;
  if (!window_.last) return LookForHoleInstead();
  const LogRow& last = *window_.last;
  if (forward() && options_.id_max >= ToInt(totals.last_id) &&
      window_.narrowed.id_max >= ToInt(totals.last_id) && totals.records > last.file.totals.records) {
    logs_->ReportHole(*window_.file, last.summary.last_id, RecordId{ToInt(totals.last_id) + 1},
                      totals.records - last.file.totals.records);
  } else if (!forward() && options_.id_min <= ToInt(totals.first_id) && window_.narrowed.id_min <= 1 &&
             last.file.totals.records > last.summary.records) {
    logs_->ReportHole(*window_.file, RecordId{ToInt(totals.first_id) - 1}, last.summary.first_id,
                      last.file.totals.records - last.summary.records);
  }
}

// No row at all was met.
void LogScan::LookForHoleInstead() {
  const BlockSummary& totals = window_.file->totals;
  const std::uint64_t first = ToInt(totals.first_id), last = ToInt(totals.last_id);
  const bool whole = options_.id_min <= first && options_.id_max >= last &&
                     window_.narrowed.id_min <= first && window_.narrowed.id_max >= last;
  const bool unread = forward() ? position_ <= first : position_ >= last;
  if (whole && unread)
    logs_->ReportHole(*window_.file, RecordId{first - 1}, RecordId{last + 1}, totals.records);
}

std::optional<Gap> LogScan::TakeGap() { return std::exchange(gap_, std::nullopt); }

}  // namespace cistern
