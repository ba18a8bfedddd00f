// One log file open for writing: the file's only read-write connection, which alone checkpoints.
// README.md has the tables. Used by the writer thread.
#pragma once

#include <array>
#include <functional>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "storage/sqlite/file_info.h"
#include "storage/sqlite/log_rows.h"
#include "storage/sqlite/schema.h"
#include "storage/sqlite/sealing.h"
#include "storage/sqlite/sqlite.h"

namespace cistern {

struct ClientState {
  std::uint64_t sequence = 0;
  std::int64_t last_seen = 0;  // ns
};
// A client that sent nothing for this long is forgotten. ns
inline constexpr std::int64_t kClientIdleNs = 30 * 24 * kNsPerHour;
using ClientMap = std::map<std::string, ClientState>;

// What one transaction brings.
struct LogCommit {
  std::span<const RecentBatch> rows;  // all tail rows or all blocks, in id order
  std::span<const ClientSequence> sequences;
  bool new_run = false;                // the first id does not continue the last one
  std::int64_t disorder = 0;           // ns by which a record is at most older than the newest one before it
  std::int64_t now = 0;                // ns, for the sequences
  const SealedTail* sealed = nullptr;  // also takes the place of the tail it was made from
};

class LogFile {
 public:
  // Makes the file with its tables and the sequences known so far, in one transaction.
  static Result<std::unique_ptr<LogFile>> Create(const std::string& path, Sync sync,
                                                 const ClientMap& clients);
  // Opens an existing file of any version, recovering its WAL. kCorrupt: damaged; also when it has no tables.
  // `thorough` also runs quick_check; of large files, where this would take long, on the small tables.
  static Result<std::unique_ptr<LogFile>> Open(const std::string& path, Sync sync, bool thorough);

  // Whether it may be written to: files of older versions, and those from which retention took records, are
  // only read and closed.
  bool writable() const { return version_ == kLogVersion && !thinned_; }

  // Writes everything in one transaction, or nothing.
  Result<void> Append(const LogCommit& commit);
  Result<void> Checkpoint(bool truncate) { return database_.Checkpoint(truncate); }
  // Gives pages that hold nothing any more back to the file system.
  Result<void> Shrink() { return database_.Run("PRAGMA incremental_vacuum"); }
  // Removes what a commit that was reported as failed may have left, and puts the sequences back.
  Result<void> RemoveAfter(std::uint64_t last_id, const ClientMap& clients);
  // Puts those sequences beside the ones that are there.
  Result<void> KeepClients(const ClientMap& clients);
  Result<void> ForgetClients(std::int64_t idle_since);

  // Sealing. The tail in use should be sealed once it is due; then SwitchTails(), if the other one is empty.
  bool TailIsDue() const;
  bool OtherTailIsEmpty() const { return tails_[1 - active_].rows.empty(); }
  bool HasTailRows() const { return !tails_[0].rows.empty() || !tails_[1].rows.empty(); }
  void SwitchTails() { active_ = 1 - active_; }
  // Records in the tail in use behind the last block.
  std::uint64_t trailing_records() const { return trailing_records_; }
  std::uint64_t tail_records() const { return tails_[0].records + tails_[1].records; }
  // What is to become of the tail that is not in use; `closing`: of both, the one with the older records
  // first, and all of it becomes blocks.
  Result<SealJob> PlanSealing(bool closing);
  // Plans, encodes and writes as for closing, for one tail. Blocks for as long as that takes.
  Result<SealedTail> SealNow();
  Result<std::shared_ptr<const std::string>> TailBlob(LogTable tail, RecordId first);

  // A tail is due when it holds so many records.
  std::uint64_t block_records = kBlockRecords;
  // For tests that stop the process: called between the steps of a transaction.
  std::function<void(std::string_view)> at_point;

  const BlockSummary& totals() const { return figures_.totals; }
  Result<ClientMap> Clients();
  // Rows of clients that were damaged and left out by Clients().
  std::uint64_t damaged_clients() const { return damaged_clients_; }
  std::uint64_t wal_bytes() const { return database_.wal_bytes(); }
  std::uint64_t content_bytes() const { return content_bytes_; }  // estimate of the file when checkpointed

 private:
  struct TailEntry {
    RecordId first{}, last{};
    std::uint64_t records = 0, bytes = 0, text = 0;
  };
  struct Tail {
    std::vector<TailEntry> rows;
    std::uint64_t records = 0, bytes = 0, text = 0;
    void Add(const TailEntry& entry);
  };
  static LogTable TableOf(int tail) { return tail == 0 ? LogTable::kTail : LogTable::kTailB; }

  Result<void> CheckPages(bool all);
  Result<void> CheckTables();
  Result<void> Configure(Sync sync);
  Result<void> CreateTables(const ClientMap& clients);
  Result<void> PrepareStatements();
  Result<void> Load();
  bool HasEndOfRuns();
  Result<void> LoadFigures();
  Result<void> LoadTail(int tail);
  Result<void> VerifyLast(const LogRow& row);
  Result<void> PutRow(LogTable tail, const RecentBatch& batch, const FileFigures& figures);
  Result<void> PutBlock(const RecentBatch& batch, const FileFigures& figures);
  Result<void> PutRows(const LogCommit& commit, FileFigures& figures);
  Result<void> PutSealed(const SealedTail& sealed);
  Result<void> PutRun(RecordId first, std::uint64_t records_before);
  Result<void> PutClients(const ClientMap& clients);
  Result<void> PutClient(const std::string& id, const ClientState& state);
  Result<bool> BlockWithin(std::uint64_t first, std::uint64_t last);
  Result<std::vector<SealSegment>> SegmentsOf(const Tail& tail, bool closing);
  void TakeOver(const LogCommit& commit);
  void At(std::string_view point) const {
    if (at_point) at_point(point);
  }

  Database database_;
  std::int64_t version_ = kLogVersion;
  bool thinned_ = false;
  std::array<Statement, 2> put_tail_;
  Statement put_block_, put_data_, put_words_, put_client_;
  FileFigures figures_;
  std::array<Tail, 2> tails_;
  int active_ = 0;
  std::uint64_t trailing_records_ = 0;
  std::uint64_t next_ordinal_ = 1;
  std::uint64_t content_bytes_ = 0, damaged_clients_ = 0;
};

}  // namespace cistern
