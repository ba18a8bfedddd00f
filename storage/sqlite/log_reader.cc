#include "storage/sqlite/log_reader.h"

#include <algorithm>

#include "storage/sqlite/row_checksum.h"
#include "storage/sqlite/schema.h"

namespace cistern {
namespace {

constexpr int kBusyMilliseconds = 1000;
// Rows read at most to get past unsound ones.
constexpr std::size_t kMaxLimit = 1 << 20;

std::int64_t ClampId(std::uint64_t id) {
  return static_cast<std::int64_t>(std::min<std::uint64_t>(id, INT64_MAX));
}

// The row that holds id_min may begin before it.
std::string RowsSql(LogTable table, std::int64_t version, bool descending) {
  const std::string name = TableName(table);
  return "SELECT " + RowColumns(table, version) + " FROM " + name +
         " WHERE first_id >= coalesce((SELECT max(first_id) FROM " + name +
         " WHERE first_id <= ?1), ?1) AND first_id <= ?2 ORDER BY first_id" + (descending ? " DESC" : "") +
         " LIMIT ?3";
}

// A read transaction for as long as this lives.
class ReadTransaction {
 public:
  ReadTransaction(Statement& begin, Statement& end) : end_(end) { begun_ = begin.Run(); }
  ~ReadTransaction() {
    if (begun_) (void)end_.Run();
  }
  const Result<void>& begun() const { return begun_; }

 private:
  Statement& end_;
  Result<void> begun_;
};

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
  const Result<std::int64_t> version = CheckSchema(reader->database_, kLogApplicationId);
  if (!version) return version.error();
  if (*version == 0) return StoreErrc::kCorrupt;
  reader->version_ = *version;
  if (const auto ready = reader->Prepare(); !ready) return ready.error();
  return reader;
}

Result<void> LogReader::Prepare() {
  std::vector<std::pair<Statement*, std::string>> statements = {{&begin_, "BEGIN"}, {&end_, "COMMIT"}};
  tables_.resize(TablesOf(version_).size());
  for (std::size_t i = 0; i < tables_.size(); ++i) {
    Table& table = tables_[i];
    table.table = TablesOf(version_)[i];
    const std::string name = TableName(table.table);
    statements.emplace_back(&table.forward, RowsSql(table.table, version_, false));
    statements.emplace_back(&table.backward, RowsSql(table.table, version_, true));
    statements.emplace_back(&table.newest_at, "SELECT " + RowColumns(table.table, version_) + " FROM " +
                                                  name + " WHERE first_id >= ?1 ORDER BY first_id LIMIT 1");
    if (table.table != LogTable::kBlock)
      statements.emplace_back(&tail_blob_[i],
                              "SELECT blob FROM " + name + " WHERE first_id=?1 AND last_id=?2");
  }
  if (version_ != 1) statements.emplace_back(&words_, "SELECT checksum, blob FROM words WHERE id=?1");
  for (const auto& [statement, sql] : statements) {
    Result<Statement> prepared = database_.Prepare(sql);
    if (!prepared) return prepared.error();
    *statement = std::move(*prepared);
  }
  return {};
}

// Rows

Result<void> LogReader::ReadTable(Table& table, const RowBounds& bounds, ScanOrder order, std::size_t limit,
                                  std::vector<LogRow>& out) {
  Statement& rows = order == ScanOrder::kOldestFirst ? table.forward : table.backward;
  rows.Bind(1, ClampId(bounds.id_min))
      .Bind(2, ClampId(bounds.id_max))
      .Bind(3, static_cast<std::int64_t>(limit));
  for (;;) {
    const Result<bool> more = rows.Step();
    if (!more) return more.error();
    if (!*more) return {};
    out.push_back(ReadLogRow(rows, table.table, version_));
  }
}

// The bounds' near end cannot be read: looks for the nearest id from which on it can, by steps that double,
// then by halving.
Result<void> LogReader::ReadPastDamage(Table& table, RowBounds bounds, ScanOrder order,
                                       std::vector<LogRow>& out) {
  const bool forward = order == ScanOrder::kOldestFirst;
  const RowBounds all = bounds;
  const auto works = [&](std::uint64_t distance) -> Result<bool> {
    RowBounds from = all;
    if (forward) {
      from.id_min += distance;
    } else {
      from.id_max -= distance;
    }
    std::vector<LogRow> rows;
    const Result<void> read = ReadTable(table, from, order, 1, rows);
    if (!read && read.error() != StoreErrc::kCorrupt) return {boost::system::in_place_error, read.error()};
    if (!read) return false;
    out = std::move(rows);
    return true;
  };
  const std::uint64_t end = bounds.id_max - bounds.id_min;
  std::uint64_t bad = 0, good = 1;
  for (;; good *= 2) {
    if (good > end) return {};  // nothing behind it
    const Result<bool> read = works(good);
    if (!read) return read.error();
    if (*read) break;
    bad = good;
  }
  while (good - bad > 1) {
    const std::uint64_t middle = bad + (good - bad) / 2;
    const Result<bool> read = works(middle);
    if (!read) return read.error();
    (*read ? good : bad) = middle;
  }
  const Result<bool> read = works(good);
  if (!read) return read.error();
  return {};
}

Result<LogReader::Rows> LogReader::ReadAll(const RowBounds& bounds, ScanOrder order, std::size_t limit,
                                           RecordId last_id) {
  const ReadTransaction transaction(begin_, end_);
  if (!transaction.begun()) return transaction.begun().error();
  Rows result{.complete = true};
  std::size_t unreadable = 0;
  for (Table& table : tables_) {
    std::vector<LogRow> rows;
    const Result<void> read = ReadTable(table, bounds, order, limit, rows);
    if (!read && read.error() != StoreErrc::kCorrupt) return read.error();
    bool more = rows.size() == limit;
    if (!read && rows.empty()) {
      RowBounds salvage = bounds;
      salvage.id_max = std::min(salvage.id_max, ToInt(last_id));
      if (salvage.id_min < salvage.id_max)
        if (const auto past = ReadPastDamage(table, salvage, order, rows); !past) return past.error();
      if (rows.empty()) ++unreadable;
    }
    if (!read && !rows.empty()) more = true;
    if (more) result.complete = false;
    for (LogRow& row : rows) (row.sound ? result.rows : result.damaged).push_back(std::move(row));
  }
  if (unreadable == tables_.size()) return StoreErrc::kCorrupt;
  result.unreadable = unreadable != 0;
  return result;
}

Result<LogReader::Rows> LogReader::Read(const RowBounds& bounds, ScanOrder order, std::size_t limit,
                                        RecordId last_id) {
  for (;; limit *= 2) {
    // One more: the first one may end before the bounds begin.
    Result<Rows> read = ReadAll(bounds, order, limit + 1, last_id);
    if (!read) return read;
    std::erase_if(read->rows, [&](const LogRow& row) {  // a damaged tree gives rows beyond either bound
      return ToInt(row.summary.last_id) < bounds.id_min || ToInt(row.summary.first_id) > bounds.id_max;
    });
    if (read->rows.empty() && !read->complete && limit < kMaxLimit) continue;
    std::sort(read->rows.begin(), read->rows.end(), [order](const LogRow& a, const LogRow& b) {
      return order == ScanOrder::kOldestFirst ? a.summary.first_id < b.summary.first_id
                                              : a.summary.first_id > b.summary.first_id;
    });
    if (read->rows.size() > limit) {
      read->rows.resize(limit);
      read->complete = false;
    }
    return read;
  }
}

Result<std::shared_ptr<const std::string>> LogReader::TailBlob(LogTable tail, const BlockSummary& summary) {
  Statement& get = tail_blob_[tail == LogTable::kTail ? 0 : 1];
  const Result<bool> row =
      get.Bind(1, ClampId(ToInt(summary.first_id))).Bind(2, ClampId(ToInt(summary.last_id))).Step();
  if (!row) return row.error();
  if (!*row) return std::shared_ptr<const std::string>();
  auto blob = std::make_shared<const std::string>(get.Blob(0));
  get.Reset();
  return blob;
}

Result<void> LogReader::ReadData(std::uint64_t ordinal, std::uint64_t offset, std::span<char> out) {
  return database_.ReadBlob("data", "blob", ordinal, offset, out);
}

Result<std::string> LogReader::Words(std::uint64_t ordinal, std::size_t chunk) {
  const std::uint64_t id = ordinal * kWordChunks + chunk;
  const Result<bool> row = words_.Bind(1, ClampId(id)).Step();
  if (!row) return row.error();
  if (!*row) return StoreErrc::kCorrupt;
  std::string blob(words_.Blob(1));
  const bool sound = words_.Int(0) == BlobChecksum(blob, id);
  words_.Reset();
  if (!sound) return StoreErrc::kCorrupt;
  return blob;
}

// Figures

Result<std::optional<LogRow>> LogReader::RowFrom(std::uint64_t id) {
  std::optional<LogRow> first;
  for (Table& table : tables_) {
    const Result<bool> found = table.newest_at.Bind(1, ClampId(id)).Step();
    if (!found) return found.error();
    if (!*found) continue;
    LogRow row = ReadLogRow(table.newest_at, table.table, version_);
    table.newest_at.Reset();
    if (!row.sound) return StoreErrc::kCorrupt;
    if (!first || row.summary.first_id < first->summary.first_id) first = std::move(row);
  }
  return first;
}

// The file's newest never falls from row to row, so it can be searched by halving.
Result<std::uint64_t> LogReader::FirstRowNewerThan(std::int64_t received, const BlockSummary& file) {
  std::uint64_t low = ToInt(file.first_id), high = ToInt(file.last_id) + 1;
  while (low < high) {
    const std::uint64_t middle = low + (high - low) / 2;
    const Result<std::optional<LogRow>> row = RowFrom(middle);
    if (!row) return row.error();
    if (!*row || (*row)->file.totals.max_received > received) {
      high = middle;
    } else {
      low = ToInt((*row)->summary.first_id) + 1;
    }
  }
  const Result<std::optional<LogRow>> row = RowFrom(low);
  if (!row) return row.error();
  return *row ? ToInt((*row)->summary.first_id) : UINT64_MAX;
}

Result<void> LogReader::TryToNarrow(const BlockSummary& file, std::int64_t received_min,
                                    std::int64_t received_max, RowBounds& bounds) {
  const ReadTransaction transaction(begin_, end_);
  if (!transaction.begun()) return transaction.begun();
  if (received_min > file.min_received) {
    const auto first = FirstRowNewerThan(received_min - 1, file);
    if (!first) return first.error();
    bounds.id_min = std::max(bounds.id_min, *first);
  }
  if (received_max >= file.max_received) return {};
  const Result<std::optional<LogRow>> last_row = LastRowBefore(database_, version_, UINT64_MAX);
  if (!last_row) return last_row.error();
  if (!*last_row) return {};
  // Rows behind this one are at most `disorder` older than what the file has seen.
  const std::int64_t disorder = (*last_row)->file.disorder;
  if (received_max < file.max_received - disorder) {
    const auto last = FirstRowNewerThan(received_max + disorder, file);
    if (!last) return last.error();
    bounds.id_max = std::min(bounds.id_max, *last);
  }
  return {};
}

Result<void> LogReader::Narrow(const BlockSummary& file, std::int64_t received_min, std::int64_t received_max,
                               RowBounds& bounds) {
  RowBounds narrowed = bounds;
  const Result<void> done = TryToNarrow(file, received_min, received_max, narrowed);
  if (done) bounds = narrowed;
  // With damage on the way, the reader goes through everything and finds it.
  if (!done && done.error() != StoreErrc::kCorrupt) return done;
  return {};
}

Result<BlockSummary> LogReader::Totals(Unsound unsound) {
  for (std::size_t i = 0; unsound == Unsound::kRefused && i < tables_.size(); ++i) {
    const Result<bool> whole = database_.IsWhole(TableName(tables_[i].table));
    if (!whole) return whole.error();
    if (!*whole) return StoreErrc::kCorrupt;
  }
  const Result<std::optional<LogRow>> last = LastRowBefore(database_, version_, UINT64_MAX, unsound);
  if (!last) return last.error();
  if (!*last) return BlockSummary{};
  BlockSummary totals = (*last)->file.totals;
  const auto first = FirstIdOf(database_, version_);
  totals.first_id = first && *first <= ToInt(totals.last_id) ? RecordId{*first} : (*last)->summary.first_id;
  return totals;
}

Result<LogReader::IdRuns> LogReader::Runs(const BlockSummary& totals) {
  Result<Statement> rows = database_.Prepare(
      version_ == 1 ? "SELECT first_id, records_before FROM runs ORDER BY first_id"
                    : "SELECT first_id, records_before, checksum FROM runs ORDER BY first_id");
  if (!rows) return rows.error();
  IdRuns result;
  std::vector<Gap>& runs = result.runs;
  std::uint64_t before = 0;
  const auto finish_last = [&](std::uint64_t records_before) {
    if (runs.empty()) return;
    runs.back().records = records_before - before;
    runs.back().last = RecordId{ToInt(runs.back().first) + runs.back().records - 1};
  };
  for (;;) {
    const Result<bool> row = rows->Step();
    if (!row) return row.error();
    if (!*row || result.thinned) break;
    result.thinned = version_ != 1 && rows->Int(2) == RunsEndChecksum(rows->Int(0), rows->Int(1));
    if (version_ != 1 && !result.thinned && rows->Int(2) != RunChecksum(rows->Int(0), rows->Int(1)))
      return StoreErrc::kCorrupt;
    finish_last(static_cast<std::uint64_t>(rows->Int(1)));
    before = static_cast<std::uint64_t>(rows->Int(1));
    if (!result.thinned) runs.push_back({.first = RecordId{static_cast<std::uint64_t>(rows->Int(0))}});
  }
  if (!result.thinned) finish_last(totals.records);
  return result;
}

}  // namespace cistern
