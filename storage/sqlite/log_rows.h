// The rows of a log file: what stands in the plain columns of `tail`, `tail_b` and `block`.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "storage/block/sealed_block.h"
#include "storage/sqlite/file_info.h"
#include "storage/sqlite/sqlite.h"

namespace cistern {

// Two tails take turns: one is written while the other is being sealed, then emptied as a whole.
enum class LogTable : std::uint8_t { kTail, kTailB, kBlock };

// All records of the file up to one row. `totals.first_id` is not kept.
struct FileFigures {
  BlockSummary totals;
  // ns by which a record was at most older than the newest one before it. However records are cut into rows,
  // a row's oldest record is at most this much older than what came before the row.
  std::int64_t disorder = 0;
};

// What to add to `figures` for a row that follows. `disorder`: within the row.
void AddToFigures(FileFigures& figures, const BlockSummary& actual, std::int64_t disorder);

struct LogRow {
  LogTable table = LogTable::kTail;
  BlockSummary summary;
  FileFigures file;
  bool sound = true;  // the checksum over all of these fits; nothing else may be believed otherwise
  // Blocks only.
  std::uint64_t ordinal = 0;  // key in `data`; words: ordinal * kWordChunks + chunk
  std::uint64_t data_bytes = 0, words_bytes = 0;
  std::int64_t index_checksum = 0;
  std::shared_ptr<const std::string> index;
};

const char* TableName(LogTable table);
// Version 1 has one tail and no checksums.
std::span<const LogTable> TablesOf(std::int64_t version);
// To be selected, in the order that ReadLogRow() expects.
std::string RowColumns(LogTable table, std::int64_t version);
LogRow ReadLogRow(const Statement& statement, LogTable table, std::int64_t version);
// INSERT of a row of version 2; the blob is bound by the caller as the parameter after the last one.
std::string InsertSql(LogTable table);
// Returns the number of the parameter for the blob.
int BindLogRow(Statement& statement, const LogRow& row);

std::int64_t RunChecksum(std::int64_t first_id, std::int64_t records_before);
// Of the entry behind the last run, where records were taken out of a file.
std::int64_t RunsEndChecksum(std::int64_t end_id, std::int64_t records_before);

// The last sound row by id that begins before `id`; only `table`, ids and figures matter. Absent when there
// is none. kCorrupt, if wanted: a row behind it is not sound.
enum class Unsound { kPassed, kRefused };
Result<std::optional<LogRow>> LastRowBefore(Database& database, std::int64_t version, std::uint64_t id,
                                            Unsound unsound = Unsound::kPassed);
// The smallest id of a sound row; 0 when there is none.
Result<std::uint64_t> FirstIdOf(Database& database, std::int64_t version);

}  // namespace cistern
