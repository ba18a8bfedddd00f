// What the store knows of a log file without opening it.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "storage/block/block_codec.h"
#include "storage/store.h"

namespace cistern {

inline constexpr std::int64_t kNsPerSecond = 1'000'000'000;
inline constexpr std::int64_t kNsPerHour = 3600 * kNsPerSecond;

struct FileInfo {
  std::uint64_t number = 0;
  std::string name;         // NNNNNN-YYYY-MM-DD.db
  BlockSummary totals;      // of all its records; records == 0: the other fields mean nothing
  std::uint64_t bytes = 0;  // on disk with -wal; of the open file only as of its last start
  bool closed = false;      // complete and without -wal
  bool imported = false;    // an import file that is not closed yet
  // In this process: grows when another file takes the place of this one under the same name.
  std::uint32_t generation = 0;
  // Null, unless retention took records out of the file: then the runs of ids that were there before.
  std::shared_ptr<const std::vector<Gap>> originals;
  // Of files in a LogSet: who holds it may come for what is in this generation of the file.
  std::shared_ptr<const char> held;

  // The largest id that ever was in the file.
  RecordId last_id_ever() const { return originals ? originals->back().last : totals.last_id; }
};

// How many of the ids of [first, last] lie in `runs`.
std::uint64_t CountIn(std::span<const Gap> runs, std::uint64_t first, std::uint64_t last);

// Beside a log file: the one that is to take its place, and the one whose place it took, for as long as
// readers may need it.
inline constexpr char kNewSuffix[] = ".new";
inline constexpr char kOldSuffix[] = ".old";

// Widens `totals` by a batch that follows it.
void AddToTotals(BlockSummary& totals, const BlockSummary& batch);

// Days since the Unix epoch, UTC.
std::int64_t DayOf(std::int64_t received_ns);
std::string LogFileName(std::uint64_t number, std::int64_t received_ns);
struct LogFileId {
  std::uint64_t number = 0;
  std::int64_t day = 0;
  bool damaged = false;  // set aside: NNNNNN-YYYY-MM-DD.db.damaged
};
std::optional<LogFileId> ParseLogFileName(std::string_view name);

// Octets of a log file and its -wal; 0 when missing.
std::uint64_t FileBytes(const std::string& path);
std::uint64_t FileBytesWithWal(const std::string& path);
bool FileExists(const std::string& path);
// Tells one file of a name from the next; 0 when missing.
std::uint64_t FileInode(const std::string& path);
// Makes sure that names made, changed or deleted in `folder` survive a power cut. kIoError.
Result<void> SyncFolder(const std::string& folder);
// What of a file is in memory and not to be written any more is read from the disk again. After a failed sync
// memory shows what the disk does not have. Where the system does not do that, nothing happens.
void ForgetCached(const std::string& path);
// Deletes a log file and what SQLite keeps beside it. Missing files are no error.
void RemoveLogFile(const std::string& path);

}  // namespace cistern
