// Reads a log file row by row, for tools: also rows that a reader would skip, and everything that belongs to
// them. Each call is one short read transaction.
//
// Threads: one at a time. Errors: StoreErrc; kCorrupt: pages of the file are damaged.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "storage/block/sealed_block.h"
#include "storage/sqlite/log_rows.h"
#include "storage/sqlite/sqlite.h"

namespace cistern {

struct WalkedRow {
  LogRow row;
  // The blob of a tail row, the data of a block; null when it is missing or its pages are damaged.
  std::shared_ptr<const std::string> data;
  // Of a block; absent: missing, unreadable, or its checksum does not fit.
  std::array<std::optional<std::string>, kWordChunks> words;

  // The largest id that is spoken for, as far as it can be believed.
  std::uint64_t last_id() const { return ToInt(row.sound ? row.summary.last_id : row.summary.first_id); }
};

class FileWalker {
 public:
  // kTooNew, kNotFound, kNoAccess. Without a -wal the file is taken as complete.
  static Result<std::unique_ptr<FileWalker>> Open(const std::string& path);
  // Over a connection that the caller keeps.
  static Result<std::unique_ptr<FileWalker>> Over(Database& database);

  std::int64_t version() const { return version_; }
  Database& database() { return *database_; }
  // Rows of all tables.
  Result<std::uint64_t> CountRows();
  // The row with the smallest first id of those that end behind `after`; absent: none. `heavy`: with data and
  // words.
  Result<std::optional<WalkedRow>> Next(std::uint64_t after, bool heavy = true);
  // Entries of `data` and `words` that belong to no block.
  Result<std::uint64_t> CountOrphans();
  // Where the ids do not continue, as the file has it: first id, records before. In a file from which
  // retention took records, the runs are those that were, and the last entry is the end of them.
  struct Run {
    std::uint64_t first_id = 0, records_before = 0;
    bool sound = true, end = false;
    bool operator==(const Run&) const = default;
  };
  Result<std::vector<Run>> Runs();
  // SQLite's own check of the file's pages; empty: fine, else what it says first.
  Result<void> CheckPages(std::string& problem);

 private:
  Result<void> Prepare();
  Result<std::optional<WalkedRow>> FindNext(std::uint64_t after);
  Result<void> ReadBlobs(WalkedRow& walked);
  Result<std::shared_ptr<const std::string>> ReadBlob(const std::string& sql, std::uint64_t key);

  Database own_;
  Database* database_ = nullptr;
  std::int64_t version_ = 0;
  std::array<Statement, 3> next_;  // by LogTable
};

// Whether retention took records out of the file with these runs.
bool IsThinned(std::span<const FileWalker::Run> runs);

}  // namespace cistern
