#include "storage/sqlite/log_file.h"

#include <algorithm>

#include "storage/sqlite/row_checksum.h"
#include "storage/sqlite/schema.h"

namespace cistern {
namespace {

constexpr std::int64_t kPageBytes = 16384;
// A larger file is not read as a whole at start: damage inside is met by the checksums of its batches.
constexpr std::uint64_t kMaxQuickCheckBytes = std::uint64_t{64} << 20;
constexpr int kBusyMilliseconds = 200;
// Of a tail row that an earlier process wrote.
constexpr std::uint64_t kGuessedRatio = 4;
constexpr std::uint64_t kClientSeed = 3;
static_assert(kWordChunks == 16, "RemoveAfter() knows");

std::int64_t Signed(std::uint64_t value) { return static_cast<std::int64_t>(value); }
std::uint64_t Unsigned(std::int64_t value) { return static_cast<std::uint64_t>(value); }

std::int64_t ClientChecksum(std::string_view id, std::int64_t sequence, std::int64_t last_seen) {
  return RowChecksum(kClientSeed).Add(id).Add(sequence).Add(last_seen).value();
}

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
  // The file is there, and its rollback journal is not.
  if (const auto synced = SyncFolder(path.substr(0, path.rfind('/'))); !synced) return synced.error();
  if (const auto done = file->PrepareStatements(); !done) return done.error();
  if (const auto done = file->Load(); !done) return done.error();
  return file;
}

Result<std::unique_ptr<LogFile>> LogFile::Open(const std::string& path, Sync sync, bool thorough) {
  const bool small = FileBytesWithWal(path) <= kMaxQuickCheckBytes;
  Result<Database> database = Database::Open(path, Database::Mode::kReadWrite);
  if (!database) return database.error();
  auto file = std::make_unique<LogFile>();
  file->database_ = std::move(*database);
  const Result<std::int64_t> version = CheckSchema(file->database_, kLogApplicationId);
  if (!version) return version.error();
  if (*version == 0 || file->database_.header_forbids_writing()) return StoreErrc::kCorrupt;
  file->version_ = *version;
  if (const auto done = file->Configure(sync); !done) return done.error();
  if (thorough) {
    if (const auto sound = file->CheckPages(small); !sound) return sound.error();
    if (const auto sound = file->CheckTables(); !sound) return sound.error();
  }
  if (file->writable())
    if (const auto done = file->PrepareStatements(); !done) return done.error();
  if (const auto done = file->Load(); !done) return done.error();
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

Result<void> LogFile::PrepareStatements() {
  const std::pair<Statement*, std::string> statements[] = {
      {&put_tail_[0], InsertSql(LogTable::kTail)},
      {&put_tail_[1], InsertSql(LogTable::kTailB)},
      {&put_block_, InsertSql(LogTable::kBlock)},
      {&put_data_, "INSERT INTO data VALUES(?1, ?2)"},
      {&put_words_, "INSERT INTO words VALUES(?1, ?2, ?3)"},
      {&put_client_, "INSERT OR REPLACE INTO clients VALUES(?1, ?2, ?3, ?4)"},
  };
  for (const auto& [statement, sql] : statements) {
    Result<Statement> prepared = database_.Prepare(sql);
    if (!prepared) return prepared.error();
    *statement = std::move(*prepared);
  }
  return {};
}

// What is in the file

Result<void> LogFile::Load() {
  const auto pages = database_.Int("PRAGMA page_count");
  if (!pages) return pages.error();
  const auto unused = database_.Int("PRAGMA freelist_count");
  if (!unused) return unused.error();
  content_bytes_ = Unsigned((*pages - *unused) * kPageBytes);
  if (const auto done = LoadFigures(); !done) return done;
  tails_ = {};
  thinned_ = HasEndOfRuns();
  if (!writable()) return {};
  for (const int tail : {0, 1})
    if (const auto done = LoadTail(tail); !done) return done;
  const auto last_of = [](const Tail& tail) {
    return tail.rows.empty() ? RecordId{0} : tail.rows.back().last;
  };
  active_ = last_of(tails_[1]) > last_of(tails_[0]) ? 1 : 0;
  const auto last_block = database_.Int("SELECT coalesce(max(first_id), 0) FROM block");
  if (!last_block) return last_block.error();
  trailing_records_ = 0;
  for (const TailEntry& row : tails_[active_].rows)
    if (ToInt(row.first) > Unsigned(*last_block)) trailing_records_ += row.records;
  const auto ordinal = database_.Int("SELECT coalesce(max(ordinal), 0) + 1 FROM data");
  if (!ordinal) return ordinal.error();
  next_ordinal_ = Unsigned(*ordinal);
  return {};
}

bool LogFile::HasEndOfRuns() {
  Result<Statement> last =
      database_.Prepare("SELECT first_id, records_before, checksum FROM runs ORDER BY first_id DESC LIMIT 1");
  if (!last || version_ == 1) return false;
  const Result<bool> row = last->Step();
  return row && *row && last->Int(2) == RunsEndChecksum(last->Int(0), last->Int(1));
}

Result<void> LogFile::LoadFigures() {
  figures_ = {};
  const auto last = LastRowBefore(database_, version_, UINT64_MAX, Unsound::kRefused);
  if (!last) return last.error();
  if (!*last) return {};
  const auto first = FirstIdOf(database_, version_);
  if (!first) return first.error();
  figures_ = (*last)->file;
  figures_.totals.first_id = RecordId{*first};
  return VerifyLast(**last);
}

Result<void> LogFile::VerifyLast(const LogRow& row) {
  const bool is_block = row.table == LogTable::kBlock;
  Result<Statement> get = database_.Prepare(is_block ? std::string("SELECT blob FROM data WHERE ordinal=?1")
                                                     : std::string("SELECT blob FROM ") +
                                                           TableName(row.table) + " WHERE first_id=?1");
  if (!get) return get.error();
  const Result<bool> found =
      get->Bind(1, Signed(is_block ? row.ordinal : ToInt(row.summary.first_id))).Step();
  if (!found) return found.error();
  if (!*found) return StoreErrc::kCorrupt;
  return VerifyBlock(get->Blob(0));
}

Result<void> LogFile::LoadTail(int tail) {
  const LogTable table = TableOf(tail);
  Result<Statement> rows =
      database_.Prepare("SELECT " + RowColumns(table, version_) + ", length(blob) FROM " + TableName(table) +
                        " ORDER BY first_id");
  if (!rows) return rows.error();
  for (;;) {
    const Result<bool> more = rows->Step();
    if (!more) return more.error();
    if (!*more) return {};
    const LogRow row = ReadLogRow(*rows, table, version_);
    if (!row.sound) return StoreErrc::kCorrupt;
    const std::uint64_t bytes = Unsigned(rows->Int(14));
    tails_[tail].Add(
        {row.summary.first_id, row.summary.last_id, row.summary.records, bytes, bytes * kGuessedRatio});
  }
}

Result<ClientMap> LogFile::Clients() {
  Result<Statement> rows =
      database_.Prepare(version_ == 1 ? "SELECT client_id, sequence, last_seen FROM clients"
                                      : "SELECT client_id, sequence, last_seen, "
                                        "iif(typeof(client_id) = 'text', checksum, NULL) FROM clients");
  if (!rows) return rows.error();
  ClientMap clients;
  damaged_clients_ = 0;
  // Rows that are not there any more have no checksum that could tell.
  const Result<bool> whole = database_.IsWhole("clients");
  if (!whole) return whole.error();
  if (!*whole) ++damaged_clients_;
  for (;;) {
    const Result<bool> row = rows->Step();
    if (!row) return row.error();
    if (!*row) return clients;
    if (version_ != 1 && rows->Int(3) != ClientChecksum(rows->Text(0), rows->Int(1), rows->Int(2))) {
      ++damaged_clients_;
      continue;
    }
    clients[std::string(rows->Text(0))] = {Unsigned(rows->Int(1)), rows->Int(2)};
  }
}

// Writing

Result<void> LogFile::PutClient(const std::string& id, const ClientState& state) {
  put_client_.Bind(1, id).Bind(2, Signed(state.sequence)).Bind(3, state.last_seen);
  put_client_.Bind(4, ClientChecksum(id, Signed(state.sequence), state.last_seen));
  return put_client_.Run();
}

Result<void> LogFile::PutRow(LogTable tail, const RecentBatch& batch, const FileFigures& figures) {
  LogRow row{.table = tail, .summary = batch.summary, .file = figures};
  Statement& put = put_tail_[tail == LogTable::kTail ? 0 : 1];
  const int blob = BindLogRow(put, row);
  return put.BindBlob(blob, *batch.blob).Run();
}

Result<void> LogFile::PutBlock(const RecentBatch& batch, const FileFigures& figures) {
  const SealedBlock& block = *batch.block;
  LogRow row{.table = LogTable::kBlock, .summary = batch.summary, .file = figures};
  row.ordinal = next_ordinal_++;
  row.data_bytes = block.data->size();
  put_data_.Bind(1, Signed(row.ordinal)).BindBlob(2, *block.data);
  if (const auto put = put_data_.Run(); !put) return put;
  for (std::size_t chunk = 0; chunk < kWordChunks; ++chunk) {
    const std::uint64_t id = row.ordinal * kWordChunks + chunk;
    row.words_bytes += block.chunks[chunk].size();
    put_words_.Bind(1, Signed(id))
        .Bind(2, BlobChecksum(block.chunks[chunk], id))
        .BindBlob(3, block.chunks[chunk]);
    if (const auto put = put_words_.Run(); !put) return put;
  }
  row.index_checksum = BlobChecksum(block.index, ToInt(batch.summary.first_id));
  const int blob = BindLogRow(put_block_, row);
  return put_block_.BindBlob(blob, block.index).Run();
}

Result<void> LogFile::PutRun(RecordId first, std::uint64_t records_before) {
  Result<Statement> put = database_.Prepare("INSERT INTO runs VALUES(?1, ?2, ?3)");
  if (!put) return put.error();
  const std::int64_t id = Signed(ToInt(first)), before = Signed(records_before);
  return put->Bind(1, id).Bind(2, before).Bind(3, RunChecksum(id, before)).Run();
}

Result<void> LogFile::PutRows(const LogCommit& commit, FileFigures& figures) {
  if (commit.new_run)
    if (const auto put = PutRun(commit.rows.front().summary.first_id, figures.totals.records); !put)
      return put;
  figures.disorder = std::max(figures.disorder, commit.disorder);
  for (const RecentBatch& batch : commit.rows) {
    if (figures.totals.records != 0)
      figures.disorder = std::max(figures.disorder, figures.totals.max_received - batch.summary.min_received);
    AddToTotals(figures.totals, batch.summary);
    const auto put = batch.block ? PutBlock(batch, figures) : PutRow(TableOf(active_), batch, figures);
    if (!put) return put;
  }
  return {};
}

// The rows a tail became, and the tail's end. Rows that stay rows move to the other tail.
Result<void> LogFile::PutSealed(const SealedTail& sealed) {
  const LogTable other = sealed.tail == LogTable::kTail ? LogTable::kTailB : LogTable::kTail;
  for (const SealedSegment& segment : sealed.segments) {
    FileFigures figures = segment.before;
    for (const RecentBatch& batch : segment.rows) {
      AddToTotals(figures.totals, batch.summary);
      figures.disorder = segment.after.disorder;
      const auto put = batch.block ? PutBlock(batch, figures) : PutRow(other, batch, figures);
      if (!put) return put;
    }
  }
  At("seal.rows_written");
  // Without WHERE it costs a few pages, however much the tail holds.
  const std::string sql = std::string("DELETE FROM ") + TableName(sealed.tail);
  return database_.Run(sql.c_str());
}

Result<void> LogFile::Append(const LogCommit& commit) {
  const std::uint64_t ordinal = next_ordinal_;
  FileFigures figures = figures_;
  const auto write = [&]() -> Result<void> {
    Transaction transaction(database_);
    if (const auto begun = transaction.Begin(); !begun) return begun;
    if (commit.sealed)
      if (const auto put = PutSealed(*commit.sealed); !put) return put;
    if (!commit.rows.empty())
      if (const auto put = PutRows(commit, figures); !put) return put;
    for (const ClientSequence& client : commit.sequences)
      if (const auto put = PutClient(client.client_id, {client.sequence, commit.now}); !put) return put;
    At("commit.written");
    if (const auto done = transaction.Commit(); !done) return done;
    At("commit.committed");
    return {};
  };
  if (const auto done = write(); !done) {
    next_ordinal_ = ordinal;
    return done;
  }
  figures_ = figures;
  TakeOver(commit);
  return {};
}

Result<void> LogFile::PutClients(const ClientMap& clients) {
  if (clients.empty()) return {};
  if (const auto ready = PrepareStatements(); !ready) return ready;
  for (const auto& [id, state] : clients)
    if (const auto put = PutClient(id, state); !put) return put;
  return {};
}

Result<void> LogFile::RemoveAfter(std::uint64_t last_id, const ClientMap& clients) {
  Transaction transaction(database_);
  if (const auto begun = transaction.Begin(); !begun) return begun;
  for (const char* sql :
       {"DELETE FROM tail WHERE first_id > ?1", "DELETE FROM tail_b WHERE first_id > ?1",
        // What a commit writes has larger ordinals than anything before it.
        "DELETE FROM data WHERE ordinal >= (SELECT min(ordinal) FROM block WHERE first_id > ?1)",
        "DELETE FROM words WHERE id >= 16 * (SELECT min(ordinal) FROM block WHERE first_id > ?1)",
        "DELETE FROM block WHERE first_id > ?1", "DELETE FROM runs WHERE first_id > ?1"}) {
    Result<Statement> remove = database_.Prepare(sql);
    if (!remove) return remove.error();
    if (const auto done = remove->Bind(1, Signed(last_id)).Run(); !done) return done;
  }
  if (const auto done = database_.Run("DELETE FROM clients"); !done) return done;
  if (const auto done = PutClients(clients); !done) return done;
  if (const auto done = transaction.Commit(); !done) return done;
  return Load();
}

Result<void> LogFile::KeepClients(const ClientMap& clients) {
  Transaction transaction(database_);
  if (const auto begun = transaction.Begin(); !begun) return begun;
  if (const auto put = PutClients(clients); !put) return put;
  return transaction.Commit();
}

Result<void> LogFile::ForgetClients(std::int64_t idle_since) {
  Result<Statement> forget = database_.Prepare("DELETE FROM clients WHERE last_seen < ?1");
  if (!forget) return forget.error();
  return forget->Bind(1, idle_since).Run();
}

}  // namespace cistern
