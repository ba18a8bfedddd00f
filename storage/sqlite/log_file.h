// One log file open for writing: the file's only read-write connection, which alone checkpoints.
// README.md has the tables. Used by the writer thread.
#pragma once

#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "storage/sqlite/file_info.h"
#include "storage/sqlite/sqlite.h"

namespace cistern {

struct ClientState {
  std::uint64_t sequence = 0;
  std::int64_t last_seen = 0;  // ns
};
// A client that sent nothing for this long is forgotten. ns
inline constexpr std::int64_t kClientIdleNs = 30 * 24 * kNsPerHour;
using ClientMap = std::map<std::string, ClientState>;

struct TailRow {
  BlockSummary summary;
  std::shared_ptr<const std::string> blob;
};

class LogFile {
 public:
  // Makes the file with its tables and the sequences known so far, in one transaction.
  static Result<std::unique_ptr<LogFile>> Create(const std::string& path, Sync sync,
                                                 const ClientMap& clients);
  // Opens an existing file, recovering its WAL. kCorrupt: damaged; also when it has no tables.
  // `thorough` also runs quick_check, unless the file is so large that this would take long.
  static Result<std::unique_ptr<LogFile>> Open(const std::string& path, Sync sync, bool thorough);

  // Writes all rows and sequences in one transaction, or nothing. `new_run`: the first id does not continue
  // the last one.
  Result<void> Append(std::span<const TailRow> rows, std::span<const ClientSequence> sequences, bool new_run,
                      std::int64_t now);
  Result<void> Checkpoint(bool truncate) { return database_.Checkpoint(truncate); }
  // Removes what a commit that was reported as failed may have left, and puts the sequences back.
  Result<void> RemoveAfter(std::uint64_t last_id, const ClientMap& clients);
  Result<void> ForgetClients(std::int64_t idle_since);

  const BlockSummary& totals() const { return totals_; }
  Result<ClientMap> Clients();
  std::uint64_t wal_bytes() const { return database_.wal_bytes(); }
  std::uint64_t content_bytes() const { return content_bytes_; }  // estimate of the file when checkpointed

 private:
  Result<void> Configure(Sync sync);
  Result<void> CreateTables(const ClientMap& clients);
  Result<void> PrepareStatements();
  Result<void> LoadTotals();
  Result<void> PutRow(const TailRow& row, const BlockSummary& totals, std::int64_t disorder);
  Result<void> PutClients(const ClientMap& clients);

  Database database_;
  Statement insert_, put_client_;
  BlockSummary totals_;
  std::int64_t disorder_ =
      0;  // ns by which a row's oldest record was at most older than the file's newest before
  std::uint64_t content_bytes_ = 0;
};

}  // namespace cistern
