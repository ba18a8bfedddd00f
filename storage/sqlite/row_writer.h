// Makes a log file anew, row by row: for repair, and for what retention leaves of a file.
//
// Threads: one at a time. The caller brackets calls with transactions, and deletes the file after an error.
#pragma once

#include <array>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "storage/block/sealed_block.h"
#include "storage/sqlite/file_walker.h"

namespace cistern {

class RowWriter {
 public:
  // Makes `path`, which is missing or may be deleted.
  static Result<std::unique_ptr<RowWriter>> Create(const std::string& path);
  Database& database() { return database_; }
  // Between transactions: keeps the -wal short.
  Result<void> CheckpointIfDue();
  // Everything is in the file and on the disk, and the -wal is empty.
  Result<void> Finish() { return database_.Checkpoint(/*truncate=*/true); }

  // `clients` and `quarantine`, as they are; a damaged page costs what stands on it.
  Result<void> CopyTables(FileWalker& source);
  Result<void> MakeQuarantine();
  Result<void> PutTailRow(const LogRow& row, std::string_view blob);
  // The row has its ordinal, summary and figures; the rest of it follows from what belongs to it.
  using Chunks = std::array<std::string_view, kWordChunks>;
  Result<void> PutBlock(LogRow row, std::string_view data, std::string_view index, const Chunks& words);
  Result<void> PutRuns(std::span<const FileWalker::Run> runs);

 private:
  Result<void> CopyTable(FileWalker& source, const std::string& table);

  Database database_;
  std::uint64_t checkpointed_wal_bytes_ = 0;
};

}  // namespace cistern
