#include "storage/sqlite/log_file.h"

#include <algorithm>

#include "storage/sqlite/schema.h"

namespace cistern {
namespace {

constexpr std::int64_t kPageBytes = 16384;
// A larger file is not read as a whole at start: damage inside is met by the checksums of its batches.
constexpr std::uint64_t kMaxQuickCheckBytes = std::uint64_t{64} << 20;
constexpr int kBusyMilliseconds = 200;
// What a row takes beside its blob.
constexpr std::uint64_t kRowBytes = 96;

constexpr char kTables[] = R"(
CREATE TABLE tail(first_id INTEGER PRIMARY KEY, last_id INTEGER NOT NULL, records INTEGER NOT NULL,
  min_received INTEGER NOT NULL, max_received INTEGER NOT NULL, min_time INTEGER, max_time INTEGER,
  file_records INTEGER NOT NULL, file_min_received INTEGER NOT NULL, file_max_received INTEGER NOT NULL,
  file_min_time INTEGER, file_max_time INTEGER, file_disorder INTEGER NOT NULL, blob BLOB NOT NULL);
CREATE TABLE runs(first_id INTEGER PRIMARY KEY, records_before INTEGER NOT NULL);
CREATE TABLE clients(client_id TEXT PRIMARY KEY, sequence INTEGER NOT NULL, last_seen INTEGER NOT NULL) WITHOUT ROWID;
)";
constexpr char kInsert[] =
    "INSERT INTO tail VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)";
constexpr char kPutClient[] = "INSERT OR REPLACE INTO clients VALUES(?1, ?2, ?3)";
constexpr char kLastRow[] = R"(
SELECT last_id, file_records, file_min_received, file_max_received, file_min_time, file_max_time,
  file_disorder, (SELECT min(first_id) FROM tail), blob FROM tail ORDER BY first_id DESC LIMIT 1)";

std::int64_t Signed(std::uint64_t value) { return static_cast<std::int64_t>(value); }

}  // namespace

Result<std::unique_ptr<LogFile>> LogFile::Create(const std::string& path, Sync sync,
                                                 const ClientMap& clients) {
  RemoveLogFile(path);  // side files that outlived their file would be taken for its own
  if (const auto made = CreatePrivateFile(path); !made) return made.error();
  Result<Database> database = Database::Open(path, Database::Mode::kReadWrite);
  if (!database) return database.error();
  auto file = std::make_unique<LogFile>();
  file->database_ = std::move(*database);
  // Both can be chosen only before the first page is written.
  if (const auto set = file->database_.Run("PRAGMA page_size=16384; PRAGMA auto_vacuum=INCREMENTAL"); !set)
    return set.error();
  if (const auto done = file->Configure(sync); !done) return done.error();
  if (const auto done = file->CreateTables(clients); !done) return done.error();
  SyncFolder(path.substr(0, path.rfind('/')));  // the file is there, and its rollback journal is not
  if (const auto done = file->PrepareStatements(); !done) return done.error();
  if (const auto done = file->LoadTotals(); !done) return done.error();
  return file;
}

Result<std::unique_ptr<LogFile>> LogFile::Open(const std::string& path, Sync sync, bool thorough) {
  const bool check = thorough && FileBytesWithWal(path) <= kMaxQuickCheckBytes;
  Result<Database> database = Database::Open(path, Database::Mode::kReadWrite);
  if (!database) return database.error();
  auto file = std::make_unique<LogFile>();
  file->database_ = std::move(*database);
  const Result<SchemaState> state = CheckSchema(file->database_, kLogApplicationId);
  if (!state) return state.error();
  if (*state == SchemaState::kEmpty) return StoreErrc::kCorrupt;
  if (const auto done = file->Configure(sync); !done) return done.error();
  if (check) {
    // quick_check gives one row, `ok`, when all is well.
    const auto sound = file->database_.Int("SELECT quick_check = 'ok' FROM pragma_quick_check(1)");
    if (!sound) return sound.error();
    if (*sound == 0) return StoreErrc::kCorrupt;
  }
  if (const auto done = file->PrepareStatements(); !done) return done.error();
  if (const auto done = file->LoadTotals(); !done) return done.error();
  return file;
}

Result<void> LogFile::Configure(Sync sync) {
  database_.SetBusyTimeout(kBusyMilliseconds);
  if (const auto set = database_.Run("PRAGMA journal_mode=WAL; PRAGMA secure_delete=FAST;"
                                     "PRAGMA wal_autocheckpoint=0; PRAGMA journal_size_limit=8388608");
      !set)
    return set;
  database_.TrackWal(kPageBytes);
  return database_.Run(sync == Sync::kFull ? "PRAGMA synchronous=FULL" : "PRAGMA synchronous=NORMAL");
}

Result<void> LogFile::CreateTables(const ClientMap& clients) {
  Transaction transaction(database_);
  if (const auto begun = transaction.Begin(); !begun) return begun;
  if (const auto made = database_.Run(kTables); !made) return made;
  if (const auto marked = MarkSchema(database_, kLogApplicationId); !marked) return marked;
  if (const auto put = PutClients(clients); !put) return put;
  return transaction.Commit();
}

Result<void> LogFile::PutClients(const ClientMap& clients) {
  Result<Statement> put = database_.Prepare(kPutClient);
  if (!put) return put.error();
  for (const auto& [id, state] : clients) {
    put->Bind(1, id).Bind(2, Signed(state.sequence)).Bind(3, state.last_seen);
    if (const auto done = put->Run(); !done) return done;
  }
  return {};
}

Result<void> LogFile::PrepareStatements() {
  for (const auto& [statement, sql] : {std::pair{&insert_, kInsert}, std::pair{&put_client_, kPutClient}}) {
    Result<Statement> prepared = database_.Prepare(sql);
    if (!prepared) return prepared.error();
    *statement = std::move(*prepared);
  }
  return {};
}

Result<void> LogFile::LoadTotals() {
  const auto pages = database_.Int("PRAGMA page_count");
  if (!pages) return pages.error();
  content_bytes_ = static_cast<std::uint64_t>(*pages * kPageBytes);
  totals_ = {};
  disorder_ = 0;
  Result<Statement> last = database_.Prepare(kLastRow);
  if (!last) return last.error();
  const Result<bool> row = last->Step();
  if (!row) return row.error();
  if (!*row) return {};
  totals_.last_id = RecordId{static_cast<std::uint64_t>(last->Int(0))};
  totals_.records = static_cast<std::uint64_t>(last->Int(1));
  totals_.min_received = last->Int(2);
  totals_.max_received = last->Int(3);
  if (!last->IsNull(4)) totals_.min_time = last->Int(4);
  if (!last->IsNull(5)) totals_.max_time = last->Int(5);
  totals_.first_id = RecordId{static_cast<std::uint64_t>(last->Int(7))};
  disorder_ = last->Int(6);
  return VerifyBlock(last->Blob(8));
}

Result<ClientMap> LogFile::Clients() {
  Result<Statement> rows = database_.Prepare("SELECT client_id, sequence, last_seen FROM clients");
  if (!rows) return rows.error();
  ClientMap clients;
  for (;;) {
    const Result<bool> row = rows->Step();
    if (!row) return row.error();
    if (!*row) return clients;
    clients[std::string(rows->Text(0))] = {static_cast<std::uint64_t>(rows->Int(1)), rows->Int(2)};
  }
}

Result<void> LogFile::PutRow(const TailRow& row, const BlockSummary& totals, std::int64_t disorder) {
  const BlockSummary& batch = row.summary;
  insert_.Bind(1, Signed(ToInt(batch.first_id))).Bind(2, Signed(ToInt(batch.last_id)));
  insert_.Bind(3, Signed(batch.records)).Bind(4, batch.min_received).Bind(5, batch.max_received);
  if (batch.min_time != kNoTime) insert_.Bind(6, batch.min_time).Bind(7, batch.max_time);
  insert_.Bind(8, Signed(totals.records)).Bind(9, totals.min_received).Bind(10, totals.max_received);
  if (totals.min_time != kNoTime) insert_.Bind(11, totals.min_time).Bind(12, totals.max_time);
  return insert_.Bind(13, disorder).BindBlob(14, *row.blob).Run();
}

Result<void> LogFile::Append(std::span<const TailRow> rows, std::span<const ClientSequence> sequences,
                             bool new_run, std::int64_t now) {
  Transaction transaction(database_);
  if (const auto begun = transaction.Begin(); !begun) return begun;
  BlockSummary totals = totals_;
  std::int64_t disorder = disorder_;
  std::uint64_t bytes = 0;
  if (new_run) {
    Result<Statement> put = database_.Prepare("INSERT INTO runs VALUES(?1, ?2)");
    if (!put) return put.error();
    put->Bind(1, Signed(ToInt(rows.front().summary.first_id))).Bind(2, Signed(totals.records));
    if (const auto done = put->Run(); !done) return done;
  }
  for (const TailRow& row : rows) {
    if (totals.records != 0) disorder = std::max(disorder, totals.max_received - row.summary.min_received);
    AddToTotals(totals, row.summary);
    bytes += row.blob->size() + kRowBytes;
    if (const auto put = PutRow(row, totals, disorder); !put) return put;
  }
  for (const ClientSequence& client : sequences) {
    put_client_.Bind(1, client.client_id).Bind(2, Signed(client.sequence)).Bind(3, now);
    if (const auto put = put_client_.Run(); !put) return put;
  }
  if (const auto done = transaction.Commit(); !done) return done;
  totals_ = totals;
  disorder_ = disorder;
  content_bytes_ += bytes;
  return {};
}

Result<void> LogFile::RemoveAfter(std::uint64_t last_id, const ClientMap& clients) {
  Transaction transaction(database_);
  if (const auto begun = transaction.Begin(); !begun) return begun;
  for (const char* sql : {"DELETE FROM tail WHERE first_id > ?1", "DELETE FROM runs WHERE first_id > ?1"}) {
    Result<Statement> remove = database_.Prepare(sql);
    if (!remove) return remove.error();
    if (const auto done = remove->Bind(1, Signed(last_id)).Run(); !done) return done;
  }
  if (const auto done = database_.Run("DELETE FROM clients"); !done) return done;
  if (const auto done = PutClients(clients); !done) return done;
  if (const auto done = transaction.Commit(); !done) return done;
  return LoadTotals();
}

Result<void> LogFile::ForgetClients(std::int64_t idle_since) {
  Result<Statement> forget = database_.Prepare("DELETE FROM clients WHERE last_seen < ?1");
  if (!forget) return forget.error();
  return forget->Bind(1, idle_since).Run();
}

}  // namespace cistern
