// LogFile: its tables, how they are made and whether they are what they should be.
#include "storage/sqlite/log_file.h"

namespace cistern {
namespace {

// The columns of tail and block begin alike; log_rows.cc reads and writes them.
#define CISTERN_PLAIN_COLUMNS                                                                              \
  "first_id INTEGER PRIMARY KEY, last_id INTEGER NOT NULL, records INTEGER NOT NULL,"                      \
  "min_received INTEGER NOT NULL, max_received INTEGER NOT NULL, min_time INTEGER, max_time INTEGER,"      \
  "file_records INTEGER NOT NULL, file_min_received INTEGER NOT NULL, file_max_received INTEGER NOT NULL," \
  "file_min_time INTEGER, file_max_time INTEGER, file_disorder INTEGER NOT NULL, checksum INTEGER NOT "    \
  "NULL, "

constexpr char kTables[] =
    "CREATE TABLE tail(" CISTERN_PLAIN_COLUMNS
    "blob BLOB NOT NULL);"
    "CREATE TABLE tail_b(" CISTERN_PLAIN_COLUMNS
    "blob BLOB NOT NULL);"
    "CREATE TABLE block(" CISTERN_PLAIN_COLUMNS
    "ordinal INTEGER NOT NULL, data_bytes INTEGER NOT NULL, words_bytes INTEGER NOT NULL,"
    "index_checksum INTEGER NOT NULL, \"index\" BLOB NOT NULL);"
    "CREATE TABLE data(ordinal INTEGER PRIMARY KEY, blob BLOB NOT NULL);"
    "CREATE TABLE words(id INTEGER PRIMARY KEY, checksum INTEGER NOT NULL, blob BLOB NOT NULL);"
    "CREATE TABLE runs(first_id INTEGER PRIMARY KEY, records_before INTEGER NOT NULL, checksum INTEGER NOT "
    "NULL);"
    "CREATE TABLE clients(client_id TEXT PRIMARY KEY, sequence INTEGER NOT NULL, last_seen INTEGER NOT NULL,"
    "checksum INTEGER NOT NULL) WITHOUT ROWID;";
#undef CISTERN_PLAIN_COLUMNS

}  // namespace

Result<void> LogFile::CreateTables(const ClientMap& clients) {
  Transaction transaction(database_);
  if (const auto begun = transaction.Begin(); !begun) return begun;
  if (const auto made = database_.Run(kTables); !made) return made;
  if (const auto marked = MarkSchema(database_, kLogApplicationId); !marked) return marked;
  if (const auto put = PutClients(clients); !put) return put;
  return transaction.Commit();
}

// What is written goes by the places of the columns, what is read by their names.
Result<void> LogFile::CheckTables() {
  if (version_ != kLogVersion) return {};  // nothing is written
  Result<Statement> find = database_.Prepare("SELECT 1 FROM sqlite_schema WHERE sql=?1");
  if (!find) return find.error();
  std::string_view rest = kTables;
  while (!rest.empty()) {
    const std::size_t end = rest.find(';');
    const Result<bool> found = find->Bind(1, rest.substr(0, end)).Step();
    if (!found) return found.error();
    if (!*found) return StoreErrc::kCorrupt;
    find->Reset();
    rest.remove_prefix(end + 1);
  }
  return {};
}

// A page that is not what it should be may give away the place of one row to the next that is written.
Result<void> LogFile::CheckPages(bool all) {
  std::vector<std::string> tables{""};
  if (!all) tables = {"tail", "runs", "clients"};
  if (!all && version_ != 1) tables.emplace_back("tail_b");
  for (const std::string& table : tables) {
    const Result<bool> whole = database_.IsWhole(table);
    if (!whole) return whole.error();
    if (!*whole) return StoreErrc::kCorrupt;
  }
  return {};
}

}  // namespace cistern
