// Read-only access to log files. A read transaction lives no longer than one call: what is read is copied.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "storage/sqlite/file_info.h"
#include "storage/sqlite/log_rows.h"
#include "storage/sqlite/sqlite.h"

namespace cistern {

// Rows that may hold wanted records.
struct RowBounds {
  std::uint64_t id_min = 1, id_max = UINT64_MAX;  // inclusive
};

// One connection. One thread at a time.
class LogReader {
 public:
  static Result<std::unique_ptr<LogReader>> Open(const std::string& path, bool closed);

  // Up to `limit` rows that overlap the bounds, the first ones in this order; those of all tables as of one
  // moment. Unsound rows come in `damaged` instead. Where a page is damaged, goes on behind it: rows may be
  // missing, and their neighbours' figures tell. `last_id` is the largest id that may be in the file.
  struct Rows {
    std::vector<LogRow> rows, damaged;
    bool complete = false;    // there are no more
    bool unreadable = false;  // a whole table cannot be read, or not from here on
  };
  Result<Rows> Read(const RowBounds& bounds, ScanOrder order, std::size_t limit, RecordId last_id);
  // The blob of a tail row; null when it is not there any more, or became part of a larger row.
  Result<std::shared_ptr<const std::string>> TailBlob(LogTable tail, const BlockSummary& row);
  // Octets of a block's data.
  Result<void> ReadData(std::uint64_t ordinal, std::uint64_t offset, std::span<char> out);
  // A chunk of a block's word filter. kCorrupt: it is not there or not what was written.
  Result<std::string> Words(std::uint64_t ordinal, std::size_t chunk);

  // Narrows the id bounds by received times (inclusive), in a few lookups. `file` has the figures of the
  // file.
  Result<void> Narrow(const BlockSummary& file, std::int64_t received_min, std::int64_t received_max,
                      RowBounds& bounds);
  // The runs of unbroken ids. `totals` are those of the file. kCorrupt: some are not known.
  struct IdRuns {
    std::vector<Gap> runs;
    bool thinned = false;  // retention took records out of the file; the runs are those that were
  };
  Result<IdRuns> Runs(const BlockSummary& totals);
  // The figures of the file as far as it can be read. kCorrupt, if wanted: rows are not sound or gone.
  Result<BlockSummary> Totals(Unsound unsound = Unsound::kPassed);

 private:
  struct Table {
    LogTable table{};
    Statement forward, backward, newest_at;
  };
  Result<void> Prepare();
  Result<Rows> ReadAll(const RowBounds& bounds, ScanOrder order, std::size_t limit, RecordId last_id);
  // Appends to `out`; rows read before an error stay.
  Result<void> ReadTable(Table& table, const RowBounds& bounds, ScanOrder order, std::size_t limit,
                         std::vector<LogRow>& out);
  Result<void> ReadPastDamage(Table& table, RowBounds bounds, ScanOrder order, std::vector<LogRow>& out);
  // The first row from an id on, of all tables; absent when there is none. kCorrupt: it cannot be trusted.
  Result<std::optional<LogRow>> RowFrom(std::uint64_t id);
  // The first id of the first row up to which the file has seen something newer; UINT64_MAX when none.
  Result<std::uint64_t> FirstRowNewerThan(std::int64_t received, const BlockSummary& file);
  Result<void> TryToNarrow(const BlockSummary& file, std::int64_t received_min, std::int64_t received_max,
                           RowBounds& bounds);

  Database database_;
  std::int64_t version_ = 0;
  std::vector<Table> tables_;
  std::array<Statement, 2> tail_blob_;
  Statement words_, begin_, end_;
};

// Idle connections, for any thread. A handful: each holds a small cache and two or three descriptors.
class ReaderPool {
 public:
  explicit ReaderPool(std::string logs_dir) : logs_dir_(std::move(logs_dir)) {}

  // Gives the connection back when it goes out of scope.
  class Lease {
   public:
    Lease(ReaderPool& pool, const FileInfo& file, std::uint64_t epoch, std::unique_ptr<LogReader> reader)
        : pool_(&pool),
          number_(file.number),
          generation_(file.generation),
          epoch_(epoch),
          reader_(std::move(reader)) {}
    Lease(Lease&&) = default;
    ~Lease() {
      if (reader_) pool_->Return({number_, generation_, std::move(reader_)}, epoch_);
    }
    LogReader* operator->() { return reader_.get(); }
    // The connection met an error: it is closed instead of given back.
    void Discard() { reader_.reset(); }

   private:
    ReaderPool* pool_;
    std::uint64_t number_;
    std::uint32_t generation_;
    std::uint64_t epoch_;
    std::unique_ptr<LogReader> reader_;
  };
  // `old`: as it was before it was rewritten.
  Result<Lease> Acquire(const FileInfo& file, bool old = false);
  // Closes all idle connections, and those in use as soon as they come back: a file is about to be closed,
  // deleted or set aside.
  void CloseAll();

 private:
  struct Idle {
    std::uint64_t number;
    std::uint32_t generation;
    std::unique_ptr<LogReader> reader;
  };
  void Return(Idle idle, std::uint64_t epoch);

  const std::string logs_dir_;
  std::mutex mutex_;
  std::uint64_t epoch_ = 0;  // guarded by mutex_, as is idle_
  std::vector<Idle> idle_;   // least recently used first
};

}  // namespace cistern
