#include "storage/sqlite/log_rows.h"

#include <algorithm>
#include <array>

#include "storage/sqlite/row_checksum.h"

namespace cistern {
namespace {

constexpr std::array kTables{LogTable::kTail, LogTable::kTailB, LogTable::kBlock};
constexpr char kPlain[] =
    "first_id, last_id, records, min_received, max_received, min_time, max_time, file_records, "
    "file_min_received, file_max_received, file_min_time, file_max_time, file_disorder";
constexpr int kPlainColumns = 13;
constexpr std::uint64_t kTailSeed = 1, kBlockSeed = 2, kRunSeed = 4, kRunsEndSeed = 9;

std::int64_t Signed(std::uint64_t value) { return static_cast<std::int64_t>(value); }
std::uint64_t Unsigned(std::int64_t value) { return static_cast<std::uint64_t>(value); }

std::int64_t ChecksumOf(const LogRow& row) {
  const BlockSummary &batch = row.summary, &file = row.file.totals;
  RowChecksum sum(row.table == LogTable::kBlock ? kBlockSeed : kTailSeed);
  sum.Add(Signed(ToInt(batch.first_id))).Add(Signed(ToInt(batch.last_id))).Add(Signed(batch.records));
  sum.Add(batch.min_received).Add(batch.max_received).Add(batch.min_time).Add(batch.max_time);
  sum.Add(Signed(file.records)).Add(file.min_received).Add(file.max_received);
  sum.Add(file.min_time).Add(file.max_time).Add(row.file.disorder);
  if (row.table == LogTable::kBlock)
    sum.Add(Signed(row.ordinal))
        .Add(Signed(row.data_bytes))
        .Add(Signed(row.words_bytes))
        .Add(row.index_checksum);
  return sum.value();
}

std::int64_t TimeOf(const Statement& statement, int column) {
  return statement.IsNull(column) ? kNoTime : statement.Int(column);
}

void BindTime(Statement& statement, int index, std::int64_t time) {
  if (time == kNoTime) {
    statement.BindNull(index);
  } else {
    statement.Bind(index, time);
  }
}

// Of a row that its own checksum calls sound. Guards against rows that no release would write.
bool Plausible(const BlockSummary& batch) {
  return batch.records != 0 && batch.first_id <= batch.last_id &&
         ToInt(batch.last_id) - ToInt(batch.first_id) >= batch.records - 1;
}

Result<void> NextSound(Statement& rows, LogTable table, std::int64_t version, Unsound unsound,
                       std::optional<LogRow>& out) {
  for (;;) {
    const Result<bool> more = rows.Step();
    if (!more) return more.error();
    if (!*more) return {};
    LogRow row = ReadLogRow(rows, table, version);
    if (!row.sound && unsound == Unsound::kRefused) return StoreErrc::kCorrupt;
    if (!row.sound) continue;
    out = std::move(row);
    return {};
  }
}

}  // namespace

void AddToFigures(FileFigures& figures, const BlockSummary& actual, std::int64_t disorder) {
  figures.disorder = std::max(figures.disorder, disorder);
  if (figures.totals.records != 0)
    figures.disorder = std::max(figures.disorder, figures.totals.max_received - actual.min_received);
  AddToTotals(figures.totals, actual);
}

const char* TableName(LogTable table) {
  switch (table) {
    case LogTable::kTail:
      return "tail";
    case LogTable::kTailB:
      return "tail_b";
    case LogTable::kBlock:
      return "block";
  }
  return "";
}

std::span<const LogTable> TablesOf(std::int64_t version) {
  return version == 1 ? std::span(kTables).first(1) : std::span(kTables);
}

std::string RowColumns(LogTable table, std::int64_t version) {
  const std::string columns = std::string(kPlain) + (version == 1 ? ", 0" : ", checksum");
  if (table != LogTable::kBlock) return columns;
  return columns + ", ordinal, data_bytes, words_bytes, index_checksum, \"index\"";
}

LogRow ReadLogRow(const Statement& statement, LogTable table, std::int64_t version) {
  LogRow row{.table = table};
  row.summary.first_id = RecordId{Unsigned(statement.Int(0))};
  row.summary.last_id = RecordId{Unsigned(statement.Int(1))};
  row.summary.records = Unsigned(statement.Int(2));
  row.summary.min_received = statement.Int(3);
  row.summary.max_received = statement.Int(4);
  row.summary.min_time = TimeOf(statement, 5);
  row.summary.max_time = TimeOf(statement, 6);
  row.file.totals.last_id = row.summary.last_id;
  row.file.totals.records = Unsigned(statement.Int(7));
  row.file.totals.min_received = statement.Int(8);
  row.file.totals.max_received = statement.Int(9);
  row.file.totals.min_time = TimeOf(statement, 10);
  row.file.totals.max_time = TimeOf(statement, 11);
  row.file.disorder = statement.Int(12);
  if (table == LogTable::kBlock) {
    row.ordinal = Unsigned(statement.Int(14));
    row.data_bytes = Unsigned(statement.Int(15));
    row.words_bytes = Unsigned(statement.Int(16));
    row.index_checksum = statement.Int(17);
    row.index = std::make_shared<const std::string>(statement.Blob(18));
  }
  row.sound = Plausible(row.summary) && (version == 1 || statement.Int(kPlainColumns) == ChecksumOf(row));
  return row;
}

std::string InsertSql(LogTable table) {
  const int parameters = table == LogTable::kBlock ? 19 : 15;
  std::string sql = std::string("INSERT INTO ") + TableName(table) + " VALUES(?1";
  for (int i = 2; i <= parameters; ++i) sql += ", ?" + std::to_string(i);
  return sql + ")";
}

int BindLogRow(Statement& statement, const LogRow& row) {
  const BlockSummary &batch = row.summary, &file = row.file.totals;
  statement.Bind(1, Signed(ToInt(batch.first_id))).Bind(2, Signed(ToInt(batch.last_id)));
  statement.Bind(3, Signed(batch.records)).Bind(4, batch.min_received).Bind(5, batch.max_received);
  BindTime(statement, 6, batch.min_time);
  BindTime(statement, 7, batch.max_time);
  statement.Bind(8, Signed(file.records)).Bind(9, file.min_received).Bind(10, file.max_received);
  BindTime(statement, 11, file.min_time);
  BindTime(statement, 12, file.max_time);
  statement.Bind(13, row.file.disorder).Bind(14, ChecksumOf(row));
  if (row.table != LogTable::kBlock) return 15;
  statement.Bind(15, Signed(row.ordinal)).Bind(16, Signed(row.data_bytes));
  statement.Bind(17, Signed(row.words_bytes)).Bind(18, row.index_checksum);
  return 19;
}

std::int64_t RunChecksum(std::int64_t first_id, std::int64_t records_before) {
  return RowChecksum(kRunSeed).Add(first_id).Add(records_before).value();
}

std::int64_t RunsEndChecksum(std::int64_t end_id, std::int64_t records_before) {
  return RowChecksum(kRunsEndSeed).Add(end_id).Add(records_before).value();
}

Result<std::optional<LogRow>> LastRowBefore(Database& database, std::int64_t version, std::uint64_t id,
                                            Unsound unsound) {
  std::optional<LogRow> last;
  for (const LogTable table : TablesOf(version)) {
    Result<Statement> rows =
        database.Prepare("SELECT " + RowColumns(table, version) + " FROM " + TableName(table) +
                         " WHERE first_id < ?1 ORDER BY first_id DESC");
    if (!rows) return rows.error();
    rows->Bind(1, Signed(std::min<std::uint64_t>(id, INT64_MAX)));
    std::optional<LogRow> row;
    if (const auto found = NextSound(*rows, table, version, unsound, row); !found) return found.error();
    if (row && (!last || row->summary.first_id > last->summary.first_id)) last = std::move(row);
  }
  return last;
}

Result<std::uint64_t> FirstIdOf(Database& database, std::int64_t version) {
  std::uint64_t first = 0;
  for (const LogTable table : TablesOf(version)) {
    Result<Statement> rows = database.Prepare("SELECT " + RowColumns(table, version) + " FROM " +
                                              TableName(table) + " ORDER BY first_id");
    if (!rows) return rows.error();
    std::optional<LogRow> row;
    if (const auto found = NextSound(*rows, table, version, Unsound::kPassed, row); !found)
      return found.error();
    if (row && (first == 0 || ToInt(row->summary.first_id) < first)) first = ToInt(row->summary.first_id);
  }
  return first;
}

}  // namespace cistern
