// The store: an append-only log of records with strictly growing ids, and scans over it.
//
// Threads: Append(), Roll(), ApplyRetention() by one writer thread. Everything else by any thread; a Scan
// stays
//   on one thread at a time. Readers never block the writer.
// Durability: a batch survives a process crash once Append() returned, and power loss with Sync::kFull where
//   the storage honours sync.
// Errors: StoreErrc. kDiskFull and kBusy may be retried and leave nothing half written. After kIoError and
//   kCorrupt every Append fails with the same error until Reopen() succeeds.
// Nothing here knows SQLite; storage/sqlite implements it.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "ingest/message/record_batch.h"
#include "ingest/message/result.h"
#include "storage/batch_view.h"
#include "storage/block_index.h"
#include "storage/objects.h"

namespace cistern {

enum class StoreErrc {
  kLocked = 1,    // another process uses the directory
  kTooNew,        // a newer release wrote it
  kDiskFull,      // no space, or less than the reserve
  kIoError,       // a write or sync failed: what was not acknowledged is gone
  kCorrupt,       // a checksum or structure is wrong
  kBusy,          // try again
  kNotFound,      // no such record, key or file
  kNoAccess,      // the directory cannot be created, read or written
  kForeignToken,  // a resume token of another store
  kConflict,      // the revision is not the current one
  kCancelled,     // the caller asked to stop
  kDeadline,      // the caller's deadline passed
};
const boost::system::error_category& StoreCategory();
boost::system::error_code make_error_code(StoreErrc errc);

enum class Sync { kFull, kNormal };  // kNormal: power loss may take the last commits

class Filter;

// How long the records that match are kept.
struct RetentionRule {
  std::shared_ptr<const Filter> filter;
  std::chrono::seconds max_age{0};  // 0: for ever
};

struct Retention {
  std::chrono::seconds max_age{0};   // 0: keep for ever
  std::uint64_t max_bytes = 0;       // of log files with -wal; 0: no limit
  std::vector<RetentionRule> rules;  // the first that matches a record decides its age limit; none: max_age
};

// Wall clock, replaceable in tests. ns since the Unix epoch.
using WallClock = std::function<std::int64_t()>;

struct StoreOptions {
  std::string dir;  // created with mode 0700 when missing
  Sync sync = Sync::kFull;
  std::uint64_t max_file_bytes = 0;  // 0: the smaller of 4 GiB and max_bytes/16
  Retention retention;
  double free_space_reserve = 0.05;       // of the file system; writes stop below it
  std::uint64_t recent_bytes = 16 << 20;  // encoded batches kept in memory for readers that keep up
  // The same as they were received, while a scan as_received asks for them. Two of the largest commits, one
  // to be read while the next is written; the newest is kept whatever its size.
  std::uint64_t received_bytes = 28 << 20;
  WallClock clock;  // empty: the system's
  // Of a block, where there is a choice. A commit of half as many becomes blocks at once, fewer wait until
  // there are so many. 2 to 43,690: a block has at most half as many more.
  std::uint32_t block_records = 32768;
  // For tests that stop the process at marked points (storage/sqlite/README.md names them): called before and
  // after each step of sealing, rolling and retention, on whatever thread does it.
  std::function<void(std::string_view point)> at_point;
};

// Sequences of one gRPC ingest client, committed with the records they belong to.
struct ClientSequence {
  std::string client_id;
  std::uint64_t sequence = 0;
};

struct CommitResult {
  RecordId first{}, last{};  // of this commit; equal to the current last id when it was empty
  std::uint64_t records = 0;
  std::uint64_t stored_bytes = 0;  // encoded size
};

// Records that retention took from under a reader.
struct Gap {
  RecordId first{}, last{};   // inclusive id range that is gone
  std::uint64_t records = 0;  // how many were stored in it
};

enum class ScanOrder { kOldestFirst, kNewestFirst };

struct ScanOptions {
  ScanOrder order = ScanOrder::kOldestFirst;
  std::uint64_t id_min = 1;               // inclusive
  std::uint64_t id_max = UINT64_MAX;      // inclusive; a query fixes it when it starts
  std::int64_t received_min = INT64_MIN;  // inclusive, ns
  std::int64_t received_max = INT64_MAX;  // inclusive, ns
  // What was committed a moment ago may come as it was received: rows cost nothing to read then, but there is
  // no dictionary and no index. For followers that take all rows. Only kOldestFirst without bounds of time.
  bool as_received = false;
};

// One stored batch, open for reading. Rows are in id order. May hold rows outside the scan's bounds: the
// executor filters them.
class StoredBatch : public BatchView {
 public:
  virtual RecordId first_id() const = 0;
  virtual RecordId last_id() const = 0;
  virtual std::int64_t min_received() const = 0;
  virtual std::int64_t max_received() const = 0;
  virtual std::uint64_t encoded_bytes() const = 0;
  // How many of them were fetched so far: columns are read when first asked for.
  virtual std::uint64_t fetched_bytes() const { return encoded_bytes(); }
  // Octets that came out of decompression so far; 0 where that is not counted.
  virtual std::uint64_t decoded_bytes() const { return 0; }
  // Whether a column turned out not to be decodable, or went away with its file; its values then read as
  // empty.
  virtual bool damaged() const { return false; }
  // Fetches everything and compares all checksums without decoding; then damaged() tells. To be called before
  // rows are given away.
  virtual void Check() {}
  // What is known of a sealed block without decoding it; null for batches that have none.
  virtual BlockIndex* index() { return nullptr; }
};

// A position in the store. Holds no transaction and no lock between calls.
class Scan {
 public:
  virtual ~Scan() = default;
  // The next batch in scan order, null at the end. kOldestFirst scans may be called again later, after a
  // commit, and then go on.
  virtual Result<std::unique_ptr<StoredBatch>> Next() = 0;
  // The records retention deleted between the scan's position and the end of what it returned last; reset by
  // the call. Rules take records from between others, so the range may reach into the batch.
  // Only for kOldestFirst scans.
  virtual std::optional<Gap> TakeGap() = 0;
};

struct StoreStats {
  std::uint64_t records = 0;
  std::uint64_t bytes = 0;  // files of the store on disk
  std::uint64_t log_files = 0;
  RecordId first_id{}, last_id{};                         // 0 when empty
  std::int64_t oldest_received = 0, newest_received = 0;  // ns; 0 when empty
  std::uint64_t wal_bytes = 0;
  std::uint64_t free_bytes = 0, total_bytes = 0;  // of the file system
  std::uint64_t quarantined_batches = 0;          // batches whose checksum failed
};

class Store {
 public:
  // Opens or creates the store and applies pending migrations. kLocked, kTooNew, kNoAccess, kCorrupt ...
  // A damaged log file is set aside (renamed *.damaged), reported through `warn`, and does not prevent
  // opening.
  static Result<std::unique_ptr<Store>> Open(StoreOptions options,
                                             std::function<void(const std::string&)> warn = {});
  virtual ~Store() = default;

  // Appends the records of `batches` in order as one transaction and sets their ids. All or none.
  // `sequences` are stored in the same transaction. Records that all carry kFlagImported go to a file of
  // their own with ids set aside for it: these may be smaller than last_id(). Do not mix them with others.
  // `owner` keeps the batches alive and unchanged. The store may hold on to it for scans as_received, and
  // lets go on any thread. Null: the batches are the caller's again when the call returns.
  virtual Result<CommitResult> Append(std::span<RecordBatch* const> batches,
                                      std::span<const ClientSequence> sequences,
                                      std::shared_ptr<const void> owner) = 0;
  Result<CommitResult> Append(std::span<RecordBatch* const> batches,
                              std::span<const ClientSequence> sequences) {
    return Append(batches, sequences, nullptr);
  }
  // After kIoError or kCorrupt: closes and opens the current file again and verifies it.
  virtual Result<void> Reopen() = 0;
  // Whether an Append could succeed now (space, no sticky error). Cheap enough for each second.
  virtual Result<void> CheckWritable() = 0;
  // The last committed sequence of a client, 0 when unknown.
  virtual std::uint64_t LastSequence(const std::string& client_id) = 0;

  // Deletes whole files by age and size, oldest first; the open file stays. What the rules of retention want
  // gone sooner leaves closed files as well, in the background: a later call swaps what is done. A file loses
  // records once the newest of it is older than their age limit. Returns what was deleted: of a file that
  // goes on, its range of ids and how many records went.
  virtual Result<std::vector<Gap>> ApplyRetention() = 0;
  virtual void SetRetention(const Retention& retention) = 0;
  // Housekeeping of the writer thread between commits: checkpoints, forgets idle clients.
  virtual void Idle() = 0;

  virtual std::unique_ptr<Scan> NewScan(const ScanOptions& options) = 0;
  virtual RecordId last_id() const = 0;
  virtual RecordId first_id() const = 0;  // oldest stored; 0 when empty
  // Blocks until last_id() > `after`, `timeout` passes or WakeWaiters(); returns last_id().
  virtual RecordId WaitForCommit(RecordId after, std::chrono::milliseconds timeout) = 0;
  // Ends every WaitForCommit() that is waiting now.
  virtual void WakeWaiters() {}
  // Calls `listener` on the writer thread after every commit with the new last id. It must not block.
  virtual std::uint64_t AddCommitListener(std::function<void(RecordId)> listener) = 0;
  virtual void RemoveCommitListener(std::uint64_t token) = 0;

  virtual std::string store_id() const = 0;  // 32 hex digits, random, made when the store was created
  virtual StoreStats Stats() = 0;

  // Durable cursor positions, by name. Written by PutCursors in one transaction.
  virtual std::optional<RecordId> GetCursor(const std::string& name) = 0;
  virtual Result<void> PutCursors(std::span<const std::pair<std::string, RecordId>> positions) = 0;
  virtual Result<void> DeleteCursor(const std::string& name) = 0;
  // Objects of a kind, ascending by name, behind `after` (empty: from the first), at most `limit`.
  virtual Result<std::vector<StoredObject>> ListObjects(const std::string& kind, const std::string& after,
                                                        std::size_t limit) = 0;
  virtual Result<std::optional<StoredObject>> GetObject(const std::string& kind, const std::string& name) = 0;
  virtual Result<std::uint64_t> CountObjects(const std::string& kind) = 0;
  // All or nothing, durable when it returns. The new revisions, one an object of `change` (0: deleted).
  // kConflict: an object has another revision than it must have.
  virtual Result<std::vector<std::uint64_t>> ChangeState(const StateChange& change) = 0;

  // What is stored behind `position`; counts and octets of the file it lies in are by proportion.
  virtual Backlog Behind(RecordId position) = 0;
  // Records behind `position` are needed: retention spares their files for up to `longest` more, as long as
  // the store stays within 1.1 times its max_bytes and outside the free-space reserve. Empty: none are.
  virtual void HoldRetention(std::optional<RecordId> position, std::chrono::seconds longest) = 0;

  // Writes a copy of what the store knows besides the records (who it is, which files, cursors) to a new
  // file; the first step of a backup, see storage/care. Waits for the disk. kDiskFull, kIoError, kNoAccess.
  virtual Result<void> CopyCatalog(const std::string& path) = 0;
};

}  // namespace cistern

template <>
struct boost::system::is_error_code_enum<cistern::StoreErrc> : std::true_type {};
