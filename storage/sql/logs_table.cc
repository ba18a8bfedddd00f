#include "storage/sql/logs_table.h"

#include <algorithm>
#include <new>
#include <optional>
#include <vector>

#include "ingest/message/record_batch.h"
#include "storage/sql/columns.h"
#include "storage/sql/plan.h"
#include "storage/sql/sqlite_api.h"

namespace cistern {
namespace {

using sql::kDeclaration;

// Rows fetched at once: few at first, so that LIMIT 10 costs little.
constexpr std::uint64_t kFirstPage = 64, kLargestPage = 32768;
// From so many on, columns are decoded as a whole.
constexpr std::uint64_t kManyRows = 1024;
// Memory of one page; a page ends early beyond it. A block fits, or it would be decoded more than once.
constexpr std::size_t kPageBytes = 14 << 20;

struct Table : sqlite3_vtab {
  LogsSource source;
};

int Fail(sqlite3_vtab* table, const std::string& message) {
  sqlite3_free(table->zErrMsg);
  table->zErrMsg = sqlite3_mprintf("%s", message.c_str());
  return SQLITE_ERROR;
}

class Rows : public sqlite3_vtab_cursor {
 public:
  int Begin(QueryOptions query, sql::ColumnMask used) {
    query_ = std::move(query);
    used_ = used;
    query_.snapshot_id = table().source.snapshot_id;
    page_ = kFirstPage;
    last_ = false;
    return Fetch();
  }

  int Next() { return ++row_ < batch_.size() || last_ ? SQLITE_OK : Fetch(); }
  bool AtEnd() const { return row_ >= batch_.size(); }
  const Record& row() const { return batch_.records()[row_]; }

 private:
  Table& table() const { return *static_cast<Table*>(pVtab); }

  int Fetch() {
    batch_.Clear();
    row_ = 0;
    query_.limit = page_;
    const bool many = page_ >= kManyRows;
    page_ = std::min(page_ * 2, kLargestPage);
    const LogsSource& source = table().source;
    bool full = false;
    const auto take = [&](BatchView& view, const std::vector<std::uint32_t>& rows) {
      std::optional<sql::ColumnReader> columns;
      if (many && rows.size() >= kManyRows) columns.emplace(view, used_);
      for (const std::uint32_t row : rows) {
        if (full) return false;
        Copy(columns ? columns->Row(row) : view.Row(row));
        full = batch_.bytes() >= kPageBytes;
      }
      return !full;
    };
    const auto result = RunQuery(*source.store, query_, source.control, take);
    if (!result) {
      const bool stopped = result.error() == StoreErrc::kCancelled || result.error() == StoreErrc::kDeadline;
      return stopped ? SQLITE_INTERRUPT : Fail(pVtab, result.error().message());
    }
    query_.snapshot_id = result->snapshot_id;
    if (!batch_.empty()) query_.after_id = ToInt(batch_.records().back().id);
    last_ = batch_.empty() || (!full && !result->more);
    return SQLITE_OK;
  }

  // The views end with the batch they point into.
  void Copy(Record record) {
    Arena& arena = batch_.arena();
    for (std::string_view Record::*field :
         {&Record::listener, &Record::tls_identity, &Record::hostname, &Record::app_name, &Record::procid,
          &Record::msgid, &Record::structured_data, &Record::message, &Record::raw, &Record::tags}) {
      record.*field = arena.Copy(record.*field);
    }
    batch_.records().push_back(record);
  }

  QueryOptions query_;  // what is left to fetch
  sql::ColumnMask used_ = sql::kAllColumns;
  std::uint64_t page_ = kFirstPage;
  RecordBatch batch_;
  std::size_t row_ = 0;
  bool last_ = true;  // nothing is behind batch_
};

int Declare(sqlite3* database, LogsSource source, sqlite3_vtab** out) {
  const int declared = sqlite3_declare_vtab(database, kDeclaration);
  if (declared != SQLITE_OK) return declared;
  auto* table = new Table();
  table->source = std::move(source);
  *out = table;
  return SQLITE_OK;
}

int ConnectLogs(sqlite3* database, void* source, int, const char* const*, sqlite3_vtab** table, char**) {
  return Declare(database, *static_cast<LogsSource*>(source), table);
}

// 'text' or "text" as it was written in the statement.
std::string Unquoted(std::string text) {
  if (text.size() < 2 || (text[0] != '\'' && text[0] != '"') || text.back() != text[0]) return text;
  const char quote = text[0];
  std::string plain;
  for (std::size_t i = 1; i + 1 < text.size(); ++i) {
    plain += text[i];
    if (text[i] == quote) ++i;
  }
  return plain;
}

int ConnectCistern(sqlite3* database, void* open, int count, const char* const* words, sqlite3_vtab** table,
                   char** error) {
  if (count != 4) {
    *error =
        sqlite3_mprintf("cistern needs a data directory: CREATE VIRTUAL TABLE logs USING cistern('DIR')");
    return SQLITE_ERROR;
  }
  auto store = (*static_cast<StoreOpener*>(open))(Unquoted(words[3]));
  if (!store) {
    *error = sqlite3_mprintf("%s", store.error().c_str());
    return SQLITE_ERROR;
  }
  LogsSource source;
  source.owned = std::move(*store);
  source.store = source.owned.get();
  return Declare(database, std::move(source), table);
}

int BestIndex(sqlite3_vtab*, sqlite3_index_info* info) { return sql::ChoosePlan(info); }

int Disconnect(sqlite3_vtab* table) {
  delete static_cast<Table*>(table);
  return SQLITE_OK;
}

int OpenCursor(sqlite3_vtab*, sqlite3_vtab_cursor** cursor) {
  *cursor = new Rows();
  return SQLITE_OK;
}

int CloseCursor(sqlite3_vtab_cursor* cursor) {
  delete static_cast<Rows*>(cursor);
  return SQLITE_OK;
}

int FilterRows(sqlite3_vtab_cursor* cursor, int number, const char* choice, int, sqlite3_value** values) {
  std::string wrong;
  QueryOptions query = sql::MakeQuery(number, choice, values, wrong);
  if (!wrong.empty()) return Fail(cursor->pVtab, "MATCH " + wrong);
  return static_cast<Rows*>(cursor)->Begin(std::move(query), sql::UsedColumns(number));
}

int NextRow(sqlite3_vtab_cursor* cursor) { return static_cast<Rows*>(cursor)->Next(); }
int AtEnd(sqlite3_vtab_cursor* cursor) { return static_cast<Rows*>(cursor)->AtEnd() ? 1 : 0; }

int ColumnOf(sqlite3_vtab_cursor* cursor, sqlite3_context* context, int column) {
  sql::SetResult(context, static_cast<Rows*>(cursor)->row(), column);
  return SQLITE_OK;
}

int RowIdOf(sqlite3_vtab_cursor* cursor, sqlite3_int64* id) {
  *id = static_cast<sqlite3_int64>(ToInt(static_cast<Rows*>(cursor)->row().id));
  return SQLITE_OK;
}

sqlite3_module MakeModule(decltype(sqlite3_module::xCreate) create,
                          decltype(sqlite3_module::xConnect) connect) {
  sqlite3_module module{};
  module.iVersion = 1;
  module.xCreate = create;
  module.xConnect = connect;
  module.xBestIndex = BestIndex;
  module.xDisconnect = Disconnect;
  module.xDestroy = Disconnect;
  module.xOpen = OpenCursor;
  module.xClose = CloseCursor;
  module.xFilter = FilterRows;
  module.xNext = NextRow;
  module.xEof = AtEnd;
  module.xColumn = ColumnOf;
  module.xRowid = RowIdOf;
  return module;
}

}  // namespace

int AddLogsTable(sqlite3* database, LogsSource source) {
  // Without xCreate the table is there under the module's name.
  static const sqlite3_module module = MakeModule(nullptr, ConnectLogs);
  return sqlite3_create_module_v2(database, "logs", &module, new LogsSource(std::move(source)),
                                  [](void* owned) { delete static_cast<LogsSource*>(owned); });
}

int AddCisternModule(sqlite3* database, StoreOpener open) {
  static const sqlite3_module module = MakeModule(ConnectCistern, ConnectCistern);
  return sqlite3_create_module_v2(database, "cistern", &module, new StoreOpener(open),
                                  [](void* owned) { delete static_cast<StoreOpener*>(owned); });
}

}  // namespace cistern
