// Read-only access to log files. A read transaction lives no longer than one call: the blob is copied.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "storage/sqlite/file_info.h"
#include "storage/sqlite/sqlite.h"

namespace cistern {

// Rows that may hold wanted records.
struct RowBounds {
  std::uint64_t id_min = 1, id_max = UINT64_MAX;                    // inclusive
  std::int64_t received_min = INT64_MIN, received_max = INT64_MAX;  // inclusive
};

struct StoredRow {
  RecordId first_id{}, last_id{};
  std::shared_ptr<const std::string> blob;
};

// One connection. One thread at a time.
class LogReader {
 public:
  static Result<std::unique_ptr<LogReader>> Open(const std::string& path, bool closed);

  // The first (or last) row that overlaps the bounds; nothing when there is none.
  Result<std::optional<StoredRow>> First(const RowBounds& bounds) { return Read(forward_, bounds); }
  Result<std::optional<StoredRow>> Last(const RowBounds& bounds) { return Read(backward_, bounds); }
  // Narrows the id bounds by the received bounds, in a few lookups. `file` gives the id range to look in.
  Result<void> Narrow(const BlockSummary& file, RowBounds& bounds);
  // The runs of unbroken ids. `totals` are those of the file.
  Result<std::vector<Gap>> Runs(const BlockSummary& totals);

 private:
  Result<std::optional<StoredRow>> Read(Statement& statement, const RowBounds& bounds);
  // The first id of the first row up to which the file has seen something newer; UINT64_MAX when none.
  Result<std::uint64_t> FirstRowNewerThan(std::int64_t received, const BlockSummary& file);

  Database database_;
  Statement forward_, backward_, newest_at_;
};

// Idle connections, for any thread. A handful: each holds a small cache and two or three descriptors.
class ReaderPool {
 public:
  explicit ReaderPool(std::string logs_dir) : logs_dir_(std::move(logs_dir)) {}

  // Gives the connection back when it goes out of scope.
  class Lease {
   public:
    Lease(ReaderPool& pool, std::uint64_t number, std::uint64_t epoch, std::unique_ptr<LogReader> reader)
        : pool_(&pool), number_(number), epoch_(epoch), reader_(std::move(reader)) {}
    Lease(Lease&&) = default;
    ~Lease() {
      if (reader_) pool_->Return(number_, epoch_, std::move(reader_));
    }
    LogReader* operator->() { return reader_.get(); }
    // The connection met an error: it is closed instead of given back.
    void Discard() { reader_.reset(); }

   private:
    ReaderPool* pool_;
    std::uint64_t number_, epoch_;
    std::unique_ptr<LogReader> reader_;
  };
  Result<Lease> Acquire(const FileInfo& file);
  // Closes all idle connections, and those in use as soon as they come back: a file is about to be closed,
  // deleted or set aside.
  void CloseAll();

 private:
  struct Idle {
    std::uint64_t number;
    std::unique_ptr<LogReader> reader;
  };
  void Return(std::uint64_t number, std::uint64_t epoch, std::unique_ptr<LogReader> reader);

  const std::string logs_dir_;
  std::mutex mutex_;
  std::uint64_t epoch_ = 0;  // guarded by mutex_, as is idle_
  std::vector<Idle> idle_;   // least recently used first
};

}  // namespace cistern
