#include "storage/sqlite/log_reader.h"

#include <algorithm>

#include "storage/sqlite/schema.h"

namespace cistern {
namespace {

constexpr std::size_t kMaxIdle = 8;
constexpr int kBusyMilliseconds = 1000;

// The row that holds id_min may begin before it.
constexpr char kForward[] = R"(
SELECT first_id, last_id, blob FROM tail
WHERE first_id >= coalesce((SELECT max(first_id) FROM tail WHERE first_id <= ?1), ?1) AND first_id <= ?2
  AND last_id >= ?1 AND max_received >= ?3 AND min_received <= ?4
ORDER BY first_id LIMIT 1)";
constexpr char kBackward[] = R"(
SELECT first_id, last_id, blob FROM tail
WHERE first_id >= coalesce((SELECT max(first_id) FROM tail WHERE first_id <= ?1), ?1) AND first_id <= ?2
  AND last_id >= ?1 AND max_received >= ?3 AND min_received <= ?4
ORDER BY first_id DESC LIMIT 1)";
constexpr char kNewestAt[] =
    "SELECT first_id, file_max_received FROM tail WHERE first_id >= ?1 ORDER BY first_id LIMIT 1";

std::int64_t ClampId(std::uint64_t id) {
  return static_cast<std::int64_t>(std::min<std::uint64_t>(id, INT64_MAX));
}

}  // namespace

Result<std::unique_ptr<LogReader>> LogReader::Open(const std::string& path, bool closed) {
  const bool immutable = closed && FileBytes(path + "-wal") == 0;
  Result<Database> database =
      Database::Open(path, immutable ? Database::Mode::kImmutable : Database::Mode::kReadOnly);
  if (!database) return database.error();
  auto reader = std::make_unique<LogReader>();
  reader->database_ = std::move(*database);
  reader->database_.SetBusyTimeout(kBusyMilliseconds);
  if (const auto set = reader->database_.Run("PRAGMA cache_size=-256"); !set) return set.error();
  const Result<SchemaState> state = CheckSchema(reader->database_, kLogApplicationId);
  if (!state) return state.error();
  if (*state == SchemaState::kEmpty) return StoreErrc::kCorrupt;
  for (const auto& [statement, sql] :
       {std::pair{&reader->forward_, kForward}, std::pair{&reader->backward_, kBackward},
        std::pair{&reader->newest_at_, kNewestAt}}) {
    Result<Statement> prepared = reader->database_.Prepare(sql);
    if (!prepared) return prepared.error();
    *statement = std::move(*prepared);
  }
  return reader;
}

Result<std::optional<StoredRow>> LogReader::Read(Statement& statement, const RowBounds& bounds) {
  statement.Bind(1, ClampId(bounds.id_min)).Bind(2, ClampId(bounds.id_max));
  const Result<bool> row = statement.Bind(3, bounds.received_min).Bind(4, bounds.received_max).Step();
  if (!row) return row.error();
  if (!*row) return std::optional<StoredRow>();
  StoredRow stored{RecordId{static_cast<std::uint64_t>(statement.Int(0))},
                   RecordId{static_cast<std::uint64_t>(statement.Int(1))},
                   std::make_shared<const std::string>(statement.Blob(2))};
  statement.Reset();
  return std::optional<StoredRow>(std::move(stored));
}

// file_max_received never falls from row to row, so it can be searched by halving.
Result<std::uint64_t> LogReader::FirstRowNewerThan(std::int64_t received, const BlockSummary& file) {
  std::uint64_t low = ToInt(file.first_id), high = ToInt(file.last_id) + 1;
  while (low < high) {
    const std::uint64_t middle = low + (high - low) / 2;
    const Result<bool> row = newest_at_.Bind(1, ClampId(middle)).Step();
    if (!row) return row.error();
    const bool newer = !*row || newest_at_.Int(1) > received;
    const std::uint64_t first = *row ? static_cast<std::uint64_t>(newest_at_.Int(0)) : high;
    newest_at_.Reset();
    if (newer) {
      high = middle;
    } else {
      low = first + 1;
    }
  }
  const Result<bool> row = newest_at_.Bind(1, ClampId(low)).Step();
  if (!row) return row.error();
  const std::uint64_t first = *row ? static_cast<std::uint64_t>(newest_at_.Int(0)) : UINT64_MAX;
  if (*row) newest_at_.Reset();
  return first;
}

Result<void> LogReader::Narrow(const BlockSummary& file, RowBounds& bounds) {
  if (bounds.received_min > file.min_received) {
    const auto first = FirstRowNewerThan(bounds.received_min - 1, file);
    if (!first) return first.error();
    bounds.id_min = std::max(bounds.id_min, *first);
  }
  const auto disorder = database_.Int("SELECT file_disorder FROM tail ORDER BY first_id DESC LIMIT 1");
  if (!disorder) return disorder.error();
  // Rows behind this one are at most `disorder` older than what it has seen.
  if (bounds.received_max < file.max_received - *disorder) {
    const auto last = FirstRowNewerThan(bounds.received_max + *disorder, file);
    if (!last) return last.error();
    bounds.id_max = std::min(bounds.id_max, *last);
  }
  return {};
}

Result<std::vector<Gap>> LogReader::Runs(const BlockSummary& totals) {
  Result<Statement> rows = database_.Prepare("SELECT first_id, records_before FROM runs ORDER BY first_id");
  if (!rows) return rows.error();
  std::vector<Gap> runs;
  std::uint64_t before = 0;
  const auto finish_last = [&](std::uint64_t records_before) {
    if (runs.empty()) return;
    runs.back().records = records_before - before;
    runs.back().last = RecordId{ToInt(runs.back().first) + runs.back().records - 1};
  };
  for (;;) {
    const Result<bool> row = rows->Step();
    if (!row) return row.error();
    if (!*row) break;
    finish_last(static_cast<std::uint64_t>(rows->Int(1)));
    before = static_cast<std::uint64_t>(rows->Int(1));
    runs.push_back({.first = RecordId{static_cast<std::uint64_t>(rows->Int(0))}});
  }
  finish_last(totals.records);
  return runs;
}

Result<ReaderPool::Lease> ReaderPool::Acquire(const FileInfo& file) {
  std::uint64_t epoch;
  {
    const std::lock_guard lock(mutex_);
    epoch = epoch_;
    const auto found = std::find_if(idle_.begin(), idle_.end(),
                                    [&](const Idle& idle) { return idle.number == file.number; });
    if (found != idle_.end()) {
      std::unique_ptr<LogReader> reader = std::move(found->reader);
      idle_.erase(found);
      return Lease(*this, file.number, epoch, std::move(reader));
    }
  }
  Result<std::unique_ptr<LogReader>> opened = LogReader::Open(logs_dir_ + "/" + file.name, file.closed);
  if (!opened) return opened.error();
  return Lease(*this, file.number, epoch, std::move(*opened));
}

void ReaderPool::CloseAll() {
  std::vector<Idle> closing;
  const std::lock_guard lock(mutex_);
  ++epoch_;
  closing.swap(idle_);
}

void ReaderPool::Return(std::uint64_t number, std::uint64_t epoch, std::unique_ptr<LogReader> reader) {
  std::unique_ptr<LogReader> surplus;  // closed after the lock is released
  const std::lock_guard lock(mutex_);
  if (epoch != epoch_) {
    surplus = std::move(reader);
    return;
  }
  if (idle_.size() == kMaxIdle) {
    surplus = std::move(idle_.front().reader);
    idle_.erase(idle_.begin());
  }
  idle_.push_back({number, std::move(reader)});
}

}  // namespace cistern
