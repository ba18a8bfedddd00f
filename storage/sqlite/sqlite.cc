#include "storage/sqlite/sqlite.h"

#include <sqlite3.h>
#include <unistd.h>

#include <cerrno>

#include "storage/sqlite/row_checksum.h"

namespace cistern {
namespace {

bool IsOutOfSpace(int system_errno) {
  return system_errno == ENOSPC || system_errno == EDQUOT || system_errno == EFBIG;
}

// A write that found no room did nothing and may be repeated; a failed sync may have lost pages for good.
StoreErrc IoErrc(int extended, int system_errno) {
  switch (extended) {
    case SQLITE_IOERR_WRITE:
    case SQLITE_IOERR_TRUNCATE:
    case SQLITE_IOERR_SHMSIZE:
    case SQLITE_IOERR_SHMOPEN:
      return IsOutOfSpace(system_errno) ? StoreErrc::kDiskFull : StoreErrc::kIoError;
    case SQLITE_IOERR_NOMEM:
      return StoreErrc::kBusy;
    default:
      return StoreErrc::kIoError;
  }
}

boost::system::error_code ErrorOf(sqlite3* database) {
  const int extended = sqlite3_extended_errcode(database);
  // SQLite does not pass it on from statements; then the failed call was the last one to set errno.
  const int passed_on = sqlite3_system_errno(database);
  const int system_errno = passed_on != 0 ? passed_on : errno;
  switch (extended & 0xff) {
    case SQLITE_FULL:
      return StoreErrc::kDiskFull;
    case SQLITE_IOERR:
      return IoErrc(extended, system_errno);
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
    case SQLITE_SCHEMA:
    case SQLITE_ERROR:  // our statements are right, so the tables are not
      return StoreErrc::kCorrupt;
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
    case SQLITE_PROTOCOL:
    case SQLITE_NOMEM:
      return StoreErrc::kBusy;
    case SQLITE_CANTOPEN:
      if (system_errno == EMFILE || system_errno == ENFILE) return StoreErrc::kBusy;
      return IsOutOfSpace(system_errno) ? StoreErrc::kDiskFull : StoreErrc::kNoAccess;
    case SQLITE_PERM:
    case SQLITE_READONLY:
    case SQLITE_AUTH:
      return StoreErrc::kNoAccess;
    default:
      return StoreErrc::kIoError;
  }
}

int RememberWalPages(void* pages, sqlite3*, const char*, int count) {
  *static_cast<std::uint64_t*>(pages) = static_cast<std::uint64_t>(count);
  return SQLITE_OK;
}

void ComputeRowChecksum(sqlite3_context* context, int count, sqlite3_value** values) {
  RowChecksum sum(static_cast<std::uint64_t>(count == 0 ? 0 : sqlite3_value_int64(values[0])));
  for (int i = 1; i < count; ++i) {
    switch (sqlite3_value_type(values[i])) {
      case SQLITE_INTEGER:
        sum.Add(sqlite3_value_int64(values[i]));
        break;
      case SQLITE_NULL:
        sum.AddNull();
        break;
      default: {
        const auto* text = reinterpret_cast<const char*>(sqlite3_value_text(values[i]));
        const int size = sqlite3_value_bytes(values[i]);
        sum.Add(std::string_view(text == nullptr ? "" : text, static_cast<std::size_t>(size)));
      }
    }
  }
  sqlite3_result_int64(context, sum.value());
}

// SQLite's own URI form; only `?`, `#` and `%` need escaping.
std::string ImmutableUri(const std::string& path) {
  std::string uri = "file:";
  for (const char c : path) {
    if (c == '?') {
      uri += "%3f";
    } else if (c == '#') {
      uri += "%23";
    } else if (c == '%') {
      uri += "%25";
    } else {
      uri += c;
    }
  }
  return uri + "?immutable=1";
}

}  // namespace

void Statement::Finalize::operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }

Statement& Statement::Bind(int index, std::int64_t value) {
  sqlite3_bind_int64(statement_.get(), index, value);
  return *this;
}

Statement& Statement::Bind(int index, std::string_view text) {
  sqlite3_bind_text64(statement_.get(), index, text.empty() ? "" : text.data(), text.size(), SQLITE_STATIC,
                      SQLITE_UTF8);
  return *this;
}

Statement& Statement::BindBlob(int index, std::string_view blob) {
  sqlite3_bind_blob64(statement_.get(), index, blob.data(), blob.size(), SQLITE_STATIC);
  return *this;
}

Statement& Statement::BindNull(int index) {
  sqlite3_bind_null(statement_.get(), index);
  return *this;
}

Statement& Statement::BindColumn(int index, const Statement& from, int column) {
  sqlite3_bind_value(statement_.get(), index, sqlite3_column_value(from.statement_.get(), column));
  return *this;
}

Result<bool> Statement::Step() {
  errno = 0;
  const int code = sqlite3_step(statement_.get());
  if (code == SQLITE_ROW) return true;
  const boost::system::error_code error = ErrorOf(sqlite3_db_handle(statement_.get()));
  Reset();
  if (code != SQLITE_DONE) return {boost::system::in_place_error, error};
  return false;
}

Result<void> Statement::Run() {
  const Result<bool> stepped = Step();
  Reset();
  if (!stepped) return stepped.error();
  return {};
}

void Statement::Reset() {
  sqlite3_reset(statement_.get());
  sqlite3_clear_bindings(statement_.get());
}

int Statement::columns() const { return sqlite3_column_count(statement_.get()); }

std::int64_t Statement::Int(int column) const { return sqlite3_column_int64(statement_.get(), column); }

bool Statement::IsNull(int column) const {
  return sqlite3_column_type(statement_.get(), column) == SQLITE_NULL;
}

std::string_view Statement::Text(int column) const {
  const auto* text = reinterpret_cast<const char*>(sqlite3_column_text(statement_.get(), column));
  return {text == nullptr ? "" : text,
          static_cast<std::size_t>(sqlite3_column_bytes(statement_.get(), column))};
}

std::string_view Statement::Blob(int column) const {
  const auto* blob = static_cast<const char*>(sqlite3_column_blob(statement_.get(), column));
  if (blob == nullptr) return {};
  return {blob, static_cast<std::size_t>(sqlite3_column_bytes(statement_.get(), column))};
}

void Database::Close::operator()(sqlite3* database) const { sqlite3_close_v2(database); }

Result<Database> Database::Open(const std::string& path, Mode mode) {
  const bool immutable = mode == Mode::kImmutable;
  const int flags =
      SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE | (immutable ? SQLITE_OPEN_URI : 0) |
      (mode == Mode::kReadWrite ? SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE : SQLITE_OPEN_READONLY);
  sqlite3* handle = nullptr;
  const int code =
      sqlite3_open_v2(immutable ? ImmutableUri(path).c_str() : path.c_str(), &handle, flags, nullptr);
  Database database;
  database.database_.reset(handle);
  if (handle == nullptr) return StoreErrc::kBusy;  // no memory even for the handle
  if (code != SQLITE_OK) return ErrorOf(handle);
  sqlite3_db_config(handle, SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
  return database;
}

Result<void> Database::Run(const char* sql) {
  errno = 0;
  if (sqlite3_exec(database_.get(), sql, nullptr, nullptr, nullptr) != SQLITE_OK)
    return ErrorOf(database_.get());
  return {};
}

Result<Statement> Database::Prepare(std::string_view sql) {
  sqlite3_stmt* handle = nullptr;
  const int code = sqlite3_prepare_v3(database_.get(), sql.data(), static_cast<int>(sql.size()),
                                      SQLITE_PREPARE_PERSISTENT, &handle, nullptr);
  if (code != SQLITE_OK) return ErrorOf(database_.get());
  Statement statement;
  statement.statement_.reset(handle);
  return statement;
}

Result<std::int64_t> Database::Int(std::string_view sql) {
  Result<Statement> statement = Prepare(sql);
  if (!statement) return statement.error();
  const Result<bool> row = statement->Step();
  if (!row) return row.error();
  if (!*row) return StoreErrc::kCorrupt;
  return statement->Int(0);
}

Result<void> Database::ReadBlob(const char* table, const char* column, std::uint64_t rowid,
                                std::uint64_t offset, std::span<char> out) {
  errno = 0;
  sqlite3_blob* blob = nullptr;
  int code =
      sqlite3_blob_open(database_.get(), "main", table, column, static_cast<sqlite3_int64>(rowid), 0, &blob);
  if (code == SQLITE_OK)
    code = sqlite3_blob_read(blob, out.data(), static_cast<int>(out.size()), static_cast<int>(offset));
  Result<void> done;
  if (code != SQLITE_OK) done = ErrorOf(database_.get());
  sqlite3_blob_close(blob);
  return done;
}

void Database::AddRowChecksum() {
  sqlite3_create_function_v2(database_.get(), "row_checksum", -1, SQLITE_UTF8 | SQLITE_DETERMINISTIC, nullptr,
                             ComputeRowChecksum, nullptr, nullptr, nullptr);
}

void Database::SetBusyTimeout(int milliseconds) { sqlite3_busy_timeout(database_.get(), milliseconds); }

Result<void> Database::Checkpoint(bool truncate) {
  const int mode = truncate ? SQLITE_CHECKPOINT_TRUNCATE : SQLITE_CHECKPOINT_PASSIVE;
  errno = 0;
  const int code = sqlite3_wal_checkpoint_v2(database_.get(), nullptr, mode, nullptr, nullptr);
  if (code != SQLITE_OK) return ErrorOf(database_.get());
  if (truncate && wal_pages_) *wal_pages_ = 0;
  return {};
}

Result<bool> Database::IsWhole(const std::string& table) {
  const std::string sql = "SELECT quick_check = 'ok' FROM pragma_quick_check(" +
                          (table.empty() ? std::string("1") : "'" + table + "'") + ")";
  Result<std::int64_t> whole = Int(sql);
  if (!whole || *whole == 0) whole = Int(sql);
  if (!whole && whole.error() != StoreErrc::kCorrupt) return {boost::system::in_place_error, whole.error()};
  return whole && *whole != 0;
}

void Database::TrackWal(std::uint64_t page_bytes) {
  page_bytes_ = page_bytes;
  wal_pages_ = std::make_unique<std::uint64_t>(0);
  sqlite3_wal_hook(database_.get(), RememberWalPages, wal_pages_.get());
}

bool Database::header_forbids_writing() const {
  return sqlite3_db_readonly(database_.get(), "main") == 1 &&
         ::access(sqlite3_db_filename(database_.get(), "main"), W_OK) == 0;
}

bool Database::in_transaction() const { return sqlite3_get_autocommit(database_.get()) == 0; }

Transaction::~Transaction() {
  if (database_.in_transaction()) (void)database_.Run("ROLLBACK");
}

}  // namespace cistern
