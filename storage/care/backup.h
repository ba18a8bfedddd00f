// A backup of a store that is in use, as a stream of octets: a tar archive (README.md has its layout).
//
// Snapshot: the catalog first, then the log files by number. A file that is complete is read as it is, also
//   when retention deletes it meanwhile; the one being written is copied row by row to a temporary file. So
//   the backup holds all records up to one of the last ids there were while it was made, and none behind it.
// Threads: one at a time, any. Memory: one piece. Disk: the temporary copies, which have no name once they
// are
//   made and are gone when the backup ends, in whatever way.
// Errors: StoreErrc; kDiskFull when a copy would not leave the usual reserve free.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "ingest/message/result.h"
#include "storage/store.h"

namespace cistern {

struct BackupProgress {
  std::string file;                         // being read
  std::uint64_t files = 0, files_done = 0;  // log files
  std::uint64_t bytes = 0;                  // given out so far
  std::uint64_t bytes_expected = 0;         // in all, as far as known
};

class Backup {
 public:
  struct Options {
    std::string dir;  // the store's
    double free_space_reserve = 0.05;
    // Called by name before and after each step, for crash tests; may be empty.
    std::function<void(std::string_view point)> at_point;
  };
  // Copies the catalog. `store` outlives the call only.
  static Result<std::unique_ptr<Backup>> Begin(Store& store, Options options);
  virtual ~Backup() = default;

  // Does one bounded piece of work and sets `out` to what comes next of the archive: at most `most` octets,
  // none while a copy is being made. Not to be called again once done().
  virtual Result<void> Next(std::size_t most, std::string& out) = 0;
  virtual bool done() const = 0;
  virtual const BackupProgress& progress() const = 0;
  // What could not be included, and why; one sentence each. Given once.
  virtual std::vector<std::string> TakeNotes() = 0;
};

}  // namespace cistern
