// catalog.db: who the store is, which ids are spoken for, which log files there are and were, and cursors.
//
// Threads: any; one connection behind a mutex. A call may wait for the disk.
// Durability: synchronous=FULL; what a call wrote is there after power loss.
#pragma once

#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "storage/sqlite/file_info.h"
#include "storage/sqlite/sqlite.h"

namespace cistern {

class Catalog {
 public:
  // Opens or creates. kTooNew; kCorrupt: damaged.
  static Result<std::unique_ptr<Catalog>> Open(const std::string& path);

  // To look at one that is a copy, or whose store is closed. Nothing that writes may be called. kNotFound: no
  // catalog.
  static Result<std::unique_ptr<Catalog>> OpenReadOnly(const std::string& path);

  // Right after Open() of a new one: everything that can still be read of a damaged one and is sound.
  void TakeOver(const std::string& damaged);

  std::string store_id() const { return store_id_; }
  // As of Open(): no id above this was ever given out ...
  std::uint64_t reserved_id() const { return reserved_id_; }
  // ... unless that was lost; then it is only what the rest of the catalog tells.
  bool reserved_is_guess() const { return reserved_is_guess_; }
  // What was found damaged at Open().
  const std::vector<std::string>& warnings() const { return warnings_; }
  // Whether the store was closed in order.
  bool was_closed() const { return was_closed_; }
  // No log file ever had a larger number than this.
  std::uint64_t last_file_number() const { return last_file_number_; }

  // Ids up to this one may be given out from now on; also marks the store as open.
  Result<void> Reserve(std::uint64_t id);
  // The store is being closed in order and `last_id` is the last one given out.
  Result<void> Close(std::uint64_t last_id);

  Result<std::vector<FileInfo>> Files();
  // Files whose deletion had begun when the process died.
  Result<std::vector<FileInfo>> HalfDeletedFiles();
  Result<void> PutFile(const FileInfo& file);
  // First step of a deletion: remembers what will be gone. The second is DropFile(), once the file is.
  Result<void> BeginDelete(std::uint64_t file_number, std::span<const Gap> gone);
  Result<void> DropFile(std::uint64_t file_number);
  // What the rules of retention have done to a file. Lost rows do no harm: the files are looked at again.
  struct ThinMark {
    std::uint64_t number = 0;      // of the file
    std::int64_t fingerprint = 0;  // of the rules
    std::int64_t reached = 0;      // s; the largest age limit that was applied
    bool thinned = false;          // records were taken out of the file, by these rules or others
    // A file is complete that is to take its place, or has just done so: figures are to be read from the
    // file.
    bool swapping = false;
  };
  Result<std::vector<ThinMark>> ThinMarks();
  Result<void> PutThinMark(const ThinMark& mark);
  // The swap is done: these are the file's figures now.
  Result<void> PutThinned(const FileInfo& file, const ThinMark& mark);
  // Rows were found damaged at Open().
  bool lost_rows() const { return lost_rows_; }

  // All that was ever deleted, ascending; neighbours are joined.
  Result<std::vector<Gap>> Gone();

  std::optional<RecordId> GetCursor(const std::string& name);
  Result<void> PutCursors(std::span<const std::pair<std::string, RecordId>> positions, std::int64_t now);
  Result<void> DeleteCursor(const std::string& name);

  // As in Store.
  Result<std::vector<StoredObject>> ListObjects(const std::string& kind, const std::string& after,
                                                std::size_t limit);
  Result<std::optional<StoredObject>> GetObject(const std::string& kind, const std::string& name);
  Result<std::uint64_t> CountObjects(const std::string& kind);
  Result<std::vector<std::uint64_t>> ChangeState(const StateChange& change, std::int64_t now);

  // Writes a copy to `path`, which is missing or empty.
  Result<void> CopyTo(const std::string& path);
  // Of a copy that goes its own way: another store_id, no id below `next_id` will be given out, and no cursor
  // stands behind `last_stored`.
  Result<void> BecomeAnotherStore(RecordId last_stored, std::uint64_t next_id);

 private:
  Result<void> Initialize();
  Result<void> CreateTables();
  Result<void> MigrateFromVersion1();
  Result<void> RemoveDamagedRows();
  Result<void> RepairMeta();
  Result<void> PutStoreId(const std::string& id);
  Result<bool> Load();  // false: rows of `meta` are missing
  // A condition for rows whose checksum fits.
  std::string Sound(const char* sum) const;
  Result<void> PutMeta(std::string_view key, std::int64_t value);
  Result<void> PutCursorRow(const std::string& name, RecordId id, std::int64_t now);
  Result<std::uint64_t> NewestRevision();
  Result<std::uint64_t> RevisionOf(const std::string& kind, const std::string& name);
  Result<void> ChangeObject(const ObjectChange& change, std::uint64_t revision, std::int64_t now);
  Result<void> PutFileRow(const FileInfo& file);
  Result<void> PutMarkRow(const ThinMark& mark);
  Result<std::vector<FileInfo>> FilesWhere(std::string_view condition);

  std::mutex mutex_;  // guards database_
  Database database_;
  // Guarded as well.
  std::uint64_t largest_file_ = 0;
  std::optional<std::uint64_t> revision_;  // the newest, once it is known
  // Constant after Open().
  std::int64_t version_ = 2;  // 1 only when opened for reading
  std::string store_id_;
  std::uint64_t reserved_id_ = 0;
  std::uint64_t last_file_number_ = 0;
  bool was_closed_ = true, reserved_is_guess_ = false, lost_rows_ = false;
  std::vector<std::string> warnings_;
};

// 32 hex digits.
std::string RandomStoreId();

// Adds a deleted run to an ascending list, joining it with the one it continues.
void AddGone(std::vector<Gap>& gone, const Gap& run);

}  // namespace cistern
