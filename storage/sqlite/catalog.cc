#include "storage/sqlite/catalog.h"

#include <algorithm>
#include <random>

#include "storage/sqlite/schema.h"

namespace cistern {
namespace {

// Every row carries a checksum over the rest of it; a row whose checksum does not fit is not believed. A text
// of which one bit made a blob has the same octets, but is not found by its name.
constexpr char kTables[] = R"(
CREATE TABLE meta(key TEXT PRIMARY KEY, value, checksum INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE files(number INTEGER PRIMARY KEY, name TEXT NOT NULL, state TEXT NOT NULL,
  first_id INTEGER, last_id INTEGER, records INTEGER NOT NULL, min_received INTEGER, max_received INTEGER,
  min_time INTEGER, max_time INTEGER, bytes INTEGER NOT NULL, checksum INTEGER NOT NULL);
CREATE TABLE gone(first_id INTEGER PRIMARY KEY, last_id INTEGER NOT NULL, records INTEGER NOT NULL,
  checksum INTEGER NOT NULL);
CREATE TABLE cursors(name TEXT PRIMARY KEY, record_id INTEGER NOT NULL, updated INTEGER NOT NULL,
  checksum INTEGER NOT NULL) WITHOUT ROWID;
)";
// Younger than the rest of version 2.
constexpr char kYoungerTables[] = R"(
CREATE TABLE IF NOT EXISTS objects(kind TEXT NOT NULL, name TEXT NOT NULL, body BLOB NOT NULL,
  revision INTEGER NOT NULL, updated INTEGER NOT NULL, checksum INTEGER NOT NULL,
  PRIMARY KEY(kind, name)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS thinned(number INTEGER PRIMARY KEY, fingerprint INTEGER NOT NULL,
  reached INTEGER NOT NULL, thinned INTEGER NOT NULL, swapping INTEGER NOT NULL, checksum INTEGER NOT NULL);
)";

struct Table {
  const char* name;
  const char* sum;      // what its checksum must be
  const char* damaged;  // what is lost with a row; null: found again elsewhere
};
constexpr Table kMeta{"meta", "iif(typeof(key) = 'text', row_checksum(5, key, value), NULL)", nullptr};
constexpr Table kFiles{"files",
                       "iif(typeof(name) = 'text' AND typeof(state) = 'text', row_checksum(6, number, name, "
                       "state, first_id, last_id, records, min_received, max_received, min_time, max_time, "
                       "bytes), NULL)",
                       nullptr};
constexpr Table kGone{"gone", "row_checksum(7, first_id, last_id, records)", "a deletion"};
constexpr Table kCursors{"cursors",
                         "iif(typeof(name) = 'text', row_checksum(8, name, record_id, updated), NULL)",
                         "the position of a cursor"};
constexpr Table kThinned{"thinned", "row_checksum(11, number, fingerprint, reached, thinned, swapping)",
                         nullptr};
constexpr Table kObjects{"objects",
                         "iif(typeof(kind) = 'text' AND typeof(name) = 'text', "
                         "row_checksum(12, kind, name, body, revision, updated), NULL)",
                         "a target or another thing that was set up, or a dead letter"};
constexpr const Table* kAllTables[] = {&kMeta, &kFiles, &kGone, &kCursors, &kThinned, &kObjects};
constexpr const Table* kTablesOfVersion1[] = {&kMeta, &kFiles, &kGone, &kCursors};

constexpr char kPutFile[] = R"(
INSERT OR REPLACE INTO files VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11,
  row_checksum(6, ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)))";
constexpr char kPutMeta[] = "INSERT OR REPLACE INTO meta VALUES(?1, ?2, row_checksum(5, ?1, ?2))";

bool Continues(const Gap& before, const Gap& next) {
  return ToInt(before.last) + 1 == ToInt(next.first) &&
         ToInt(before.last) - ToInt(before.first) + 1 == before.records &&
         ToInt(next.last) - ToInt(next.first) + 1 == next.records;
}

}  // namespace

std::string RandomStoreId() {
  static constexpr char kHex[] = "0123456789abcdef";
  std::random_device device;
  std::string id(32, '0');
  for (char& digit : id) digit = kHex[device() % 16];
  return id;
}

void AddGone(std::vector<Gap>& gone, const Gap& run) {
  const auto at = std::upper_bound(gone.begin(), gone.end(), run,
                                   [](const Gap& a, const Gap& b) { return a.first < b.first; });
  if (at != gone.begin() && Continues(*std::prev(at), run)) {
    std::prev(at)->last = run.last;
    std::prev(at)->records += run.records;
    return;
  }
  gone.insert(at, run);
}

Result<std::unique_ptr<Catalog>> Catalog::Open(const std::string& path) {
  if (const Result<void> made = CreatePrivateFile(path); !made) return made.error();
  Result<Database> database = Database::Open(path, Database::Mode::kReadWrite);
  if (!database) return database.error();
  auto catalog = std::make_unique<Catalog>();
  catalog->database_ = std::move(*database);
  catalog->database_.AddRowChecksum();
  if (const Result<void> ready = catalog->Initialize(); !ready) return ready.error();
  // The file is there, and its rollback journal is not.
  if (const auto synced = SyncFolder(path.substr(0, path.rfind('/'))); !synced) return synced.error();
  return catalog;
}

Result<void> Catalog::Initialize() {
  // With an exclusive lock the WAL index is memory: nothing but this connection ever reads the catalog.
  if (const auto set = database_.Run("PRAGMA locking_mode=EXCLUSIVE; PRAGMA synchronous=FULL"); !set)
    return set;
  const Result<std::int64_t> version = CheckSchema(database_, kCatalogApplicationId);
  if (!version) return version.error();
  if (database_.header_forbids_writing()) return StoreErrc::kCorrupt;
  if (const auto set = database_.Run("PRAGMA journal_mode=WAL; PRAGMA journal_size_limit=1048576"); !set)
    return set;
  const Result<bool> whole = database_.IsWhole();
  if (!whole) return whole.error();
  if (!*whole) return StoreErrc::kCorrupt;
  if (*version == 0)
    if (const Result<void> made = CreateTables(); !made) return made;
  if (*version == 1)
    if (const Result<void> migrated = MigrateFromVersion1(); !migrated) return migrated;
  if (const Result<void> made = database_.Run(kYoungerTables); !made) return made;
  if (const Result<void> removed = RemoveDamagedRows(); !removed) return removed;
  const Result<bool> complete = Load();
  if (!complete) return complete.error();
  return *complete ? Result<void>() : RepairMeta();
}

void Catalog::TakeOver(const std::string& damaged) {
  const std::lock_guard lock(mutex_);
  Result<Statement> attach = database_.Prepare("ATTACH ?1 AS old");
  if (!attach || !attach->Bind(1, damaged).Run()) return;
  for (const Table* table : kAllTables) {
    const std::string name = table->name;
    const std::string sql = "INSERT OR REPLACE INTO main." + name + " SELECT * FROM old." + name +
                            " WHERE checksum IS " + table->sum;
    (void)database_.Run(sql.c_str());  // what can be read
  }
  (void)database_.Run("DETACH old");
  revision_.reset();
  (void)Load();
  was_closed_ = false;
  lost_rows_ = true;
}

std::string Catalog::Sound(const char* sum) const {
  return version_ == 1 ? std::string("1") : std::string("checksum = ") + sum;
}

Result<void> Catalog::CreateTables() {
  Transaction transaction(database_);
  if (const auto begun = transaction.Begin(); !begun) return begun;
  if (const auto made = database_.Run(kTables); !made) return made;
  if (const auto marked = MarkSchema(database_, kCatalogApplicationId); !marked) return marked;
  if (const auto put = PutStoreId(RandomStoreId()); !put) return put;
  for (const auto& [key, value] : {std::pair{"reserved_id", 0}, {"closed", 1}, {"last_file", 0}})
    if (const auto put = PutMeta(key, value); !put) return put;
  return transaction.Commit();
}

Result<void> Catalog::MigrateFromVersion1() {
  Transaction transaction(database_);
  if (const auto begun = transaction.Begin(); !begun) return begun;
  for (const Table* table : kTablesOfVersion1) {
    const std::string name = table->name;
    const std::string sql = "ALTER TABLE " + name +
                            " ADD COLUMN checksum INTEGER NOT NULL DEFAULT 0; UPDATE OR IGNORE " + name +
                            " SET checksum=" + table->sum;
    if (const auto done = database_.Run(sql.c_str()); !done) return done;
  }
  if (const auto marked = MarkSchema(database_, kCatalogApplicationId); !marked) return marked;
  return transaction.Commit();
}

Result<void> Catalog::RemoveDamagedRows() {
  for (const Table* table : kAllTables) {
    const std::string condition =
        std::string(" FROM ") + table->name + " WHERE checksum IS NOT " + table->sum;
    const auto damaged = database_.Int("SELECT count(*)" + condition);
    if (!damaged) return damaged.error();
    if (*damaged == 0) continue;
    lost_rows_ = true;
    const auto done = database_.Run(("DELETE" + condition).c_str());
    if (!done && done.error() != StoreErrc::kDiskFull) return done;
    if (table->damaged != nullptr)
      warnings_.push_back("catalog.db: " + std::to_string(*damaged) + " damaged rows; each was " +
                          table->damaged);
  }
  return {};
}

Result<bool> Catalog::Load() {
  Result<Statement> meta = database_.Prepare("SELECT key, value FROM meta WHERE " + Sound(kMeta.sum));
  if (!meta) return {boost::system::in_place_error, meta.error()};
  bool reserved = false, last_file = false;
  was_closed_ = false;
  for (;;) {
    const Result<bool> row = meta->Step();
    if (!row) return row;
    if (!*row) break;
    const std::string_view key = meta->Text(0);
    if (key == "store_id") store_id_ = meta->Text(1);
    if (key == "closed") was_closed_ = meta->Int(1) != 0;
    if (key == "reserved_id") {
      reserved_id_ = static_cast<std::uint64_t>(meta->Int(1));
      reserved = true;
    } else if (key == "last_file") {
      last_file_number_ = static_cast<std::uint64_t>(meta->Int(1));
      last_file = true;
    }
  }
  return reserved && last_file && store_id_.size() == 32;
}

// What a lost row said is made up again, to the safe side.
Result<void> Catalog::RepairMeta() {
  warnings_.push_back(
      "catalog.db: rows were damaged and made again; resume tokens may no longer be accepted");
  const auto most = database_.Int(
      "SELECT max(coalesce((SELECT max(last_id) FROM files), 0), coalesce((SELECT max(last_id) FROM gone), "
      "0), "
      "coalesce((SELECT max(record_id) FROM cursors), 0))");
  if (!most) return most.error();
  const auto number = database_.Int("SELECT coalesce(max(number), 0) FROM files");
  if (!number) return number.error();
  reserved_id_ = std::max(reserved_id_, static_cast<std::uint64_t>(*most));
  reserved_is_guess_ = true;
  last_file_number_ = std::max(last_file_number_, static_cast<std::uint64_t>(*number));
  was_closed_ = false;
  Transaction transaction(database_);
  if (const auto begun = transaction.Begin(); !begun) return begun;
  if (store_id_.size() != 32) store_id_ = RandomStoreId();
  if (const auto put = PutStoreId(store_id_); !put) return put;
  if (const auto put = PutMeta("last_file", static_cast<std::int64_t>(last_file_number_)); !put) return put;
  return transaction.Commit();
}

Result<void> Catalog::PutStoreId(const std::string& id) {
  Result<Statement> put = database_.Prepare(kPutMeta);
  if (!put) return put.error();
  return put->Bind(1, "store_id").Bind(2, id).Run();
}

Result<void> Catalog::PutMeta(std::string_view key, std::int64_t value) {
  Result<Statement> put = database_.Prepare(kPutMeta);
  if (!put) return put.error();
  return put->Bind(1, key).Bind(2, value).Run();
}

Result<void> Catalog::Reserve(std::uint64_t id) {
  const std::lock_guard lock(mutex_);
  Transaction transaction(database_);
  if (const auto begun = transaction.Begin(); !begun) return begun;
  if (const auto put = PutMeta("reserved_id", static_cast<std::int64_t>(id)); !put) return put;
  if (const auto put = PutMeta("closed", 0); !put) return put;
  return transaction.Commit();
}

Result<void> Catalog::Close(std::uint64_t last_id) {
  const std::lock_guard lock(mutex_);
  Transaction transaction(database_);
  if (const auto begun = transaction.Begin(); !begun) return begun;
  if (const auto put = PutMeta("reserved_id", static_cast<std::int64_t>(last_id)); !put) return put;
  if (const auto put = PutMeta("closed", 1); !put) return put;
  return transaction.Commit();
}

Result<std::vector<FileInfo>> Catalog::FilesWhere(std::string_view condition) {
  const std::lock_guard lock(mutex_);
  Result<Statement> rows = database_.Prepare(
      "SELECT number, name, state, first_id, last_id, records, min_received, max_received, min_time, "
      "max_time, "
      "bytes FROM files WHERE " +
      std::string(condition) + " AND " + Sound(kFiles.sum) + " ORDER BY number");
  if (!rows) return rows.error();
  std::vector<FileInfo> files;
  for (;;) {
    const Result<bool> row = rows->Step();
    if (!row) return row.error();
    if (!*row) return files;
    FileInfo& file = files.emplace_back();
    file.number = static_cast<std::uint64_t>(rows->Int(0));
    file.name = rows->Text(1);
    file.imported = rows->Text(2) == "import";
    file.closed = !file.imported && rows->Text(2) != "open";
    file.totals.first_id = RecordId{static_cast<std::uint64_t>(rows->Int(3))};
    file.totals.last_id = RecordId{static_cast<std::uint64_t>(rows->Int(4))};
    file.totals.records = static_cast<std::uint64_t>(rows->Int(5));
    file.totals.min_received = rows->Int(6);
    file.totals.max_received = rows->Int(7);
    if (!rows->IsNull(8)) file.totals.min_time = rows->Int(8);
    if (!rows->IsNull(9)) file.totals.max_time = rows->Int(9);
    file.bytes = static_cast<std::uint64_t>(rows->Int(10));
  }
}

Result<std::vector<FileInfo>> Catalog::Files() { return FilesWhere("state <> 'deleting'"); }

Result<std::vector<FileInfo>> Catalog::HalfDeletedFiles() { return FilesWhere("state = 'deleting'"); }

Result<void> Catalog::PutFile(const FileInfo& file) {
  const std::lock_guard lock(mutex_);
  Transaction transaction(database_);
  if (const auto begun = transaction.Begin(); !begun) return begun;
  if (const auto put = PutFileRow(file); !put) return put;
  return transaction.Commit();
}

Result<void> Catalog::PutFileRow(const FileInfo& file) {
  largest_file_ = std::max({largest_file_, last_file_number_, file.number});
  Result<Statement> put = database_.Prepare(kPutFile);
  if (!put) return put.error();
  put->Bind(1, static_cast<std::int64_t>(file.number))
      .Bind(2, file.name)
      .Bind(3, file.closed     ? "closed"
               : file.imported ? "import"
                               : "open");
  put->Bind(6, static_cast<std::int64_t>(file.totals.records))
      .Bind(11, static_cast<std::int64_t>(file.bytes));
  if (file.totals.records != 0) {
    put->Bind(4, static_cast<std::int64_t>(ToInt(file.totals.first_id)));
    put->Bind(5, static_cast<std::int64_t>(ToInt(file.totals.last_id)));
    put->Bind(7, file.totals.min_received).Bind(8, file.totals.max_received);
    if (file.totals.min_time != kNoTime) put->Bind(9, file.totals.min_time).Bind(10, file.totals.max_time);
  }
  if (const auto done = put->Run(); !done) return done;
  return PutMeta("last_file", static_cast<std::int64_t>(largest_file_));
}

Result<void> Catalog::BeginDelete(std::uint64_t file_number, std::span<const Gap> gone) {
  const std::lock_guard lock(mutex_);
  Transaction transaction(database_);
  if (const auto begun = transaction.Begin(); !begun) return begun;
  Result<Statement> mark = database_.Prepare(
      "UPDATE files SET state='deleting', checksum=row_checksum(6, number, name, 'deleting', first_id, "
      "last_id, "
      "records, min_received, max_received, min_time, max_time, bytes) WHERE number=?1");
  if (!mark) return mark.error();
  if (const auto done = mark->Bind(1, static_cast<std::int64_t>(file_number)).Run(); !done) return done;
  Result<Statement> put =
      database_.Prepare("INSERT OR REPLACE INTO gone VALUES(?1, ?2, ?3, row_checksum(7, ?1, ?2, ?3))");
  if (!put) return put.error();
  for (const Gap& run : gone) {
    put->Bind(1, static_cast<std::int64_t>(ToInt(run.first)))
        .Bind(2, static_cast<std::int64_t>(ToInt(run.last)));
    if (const auto done = put->Bind(3, static_cast<std::int64_t>(run.records)).Run(); !done) return done;
  }
  return transaction.Commit();
}

Result<void> Catalog::DropFile(std::uint64_t file_number) {
  const std::lock_guard lock(mutex_);
  Transaction transaction(database_);
  if (const auto begun = transaction.Begin(); !begun) return begun;
  for (const char* sql : {"DELETE FROM files WHERE number=?1", "DELETE FROM thinned WHERE number=?1"}) {
    Result<Statement> drop = database_.Prepare(sql);
    if (!drop) return drop.error();
    if (const auto done = drop->Bind(1, static_cast<std::int64_t>(file_number)).Run(); !done) return done;
  }
  return transaction.Commit();
}

Result<std::vector<Gap>> Catalog::Gone() {
  const std::lock_guard lock(mutex_);
  Result<Statement> rows = database_.Prepare("SELECT first_id, last_id, records FROM gone WHERE " +
                                             Sound(kGone.sum) + " ORDER BY first_id");
  if (!rows) return rows.error();
  std::vector<Gap> gone;
  for (;;) {
    const Result<bool> row = rows->Step();
    if (!row) return row.error();
    if (!*row) return gone;
    AddGone(gone,
            {RecordId{static_cast<std::uint64_t>(rows->Int(0))},
             RecordId{static_cast<std::uint64_t>(rows->Int(1))}, static_cast<std::uint64_t>(rows->Int(2))});
  }
}

}  // namespace cistern
