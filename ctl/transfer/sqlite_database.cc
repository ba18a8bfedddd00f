#include "ctl/transfer/sqlite_database.h"

#include <fmt/format.h>

namespace cistern::ctl {

Result<Database, FileError> Database::Open(const std::string& path, int flags) {
  Database database;
  database.path_ = path;
  sqlite3* handle = nullptr;
  const int result = sqlite3_open_v2(path.c_str(), &handle, flags, nullptr);
  database.handle_.reset(handle);
  if (result != SQLITE_OK) return database.Error();
  return database;
}

Result<void, FileError> Database::Run(const std::string& sql) {
  if (sqlite3_exec(handle_.get(), sql.c_str(), nullptr, nullptr, nullptr) != SQLITE_OK) return Error();
  return {};
}

Result<Statement, FileError> Database::Prepare(const std::string& sql) {
  sqlite3_stmt* statement = nullptr;
  if (sqlite3_prepare_v2(handle_.get(), sql.c_str(), -1, &statement, nullptr) != SQLITE_OK) return Error();
  return Statement(statement);
}

Result<std::int64_t, FileError> Database::Integer(const std::string& sql) {
  const auto statement = Prepare(sql);
  if (!statement) return statement.error();
  const int result = sqlite3_step(statement->get());
  if (result == SQLITE_ROW) return sqlite3_column_int64(statement->get(), 0);
  if (result == SQLITE_DONE) return std::int64_t{0};
  return Error();
}

FileError Database::Error() const {
  return FileError{fmt::format("{}: {}", path_, handle_ ? sqlite3_errmsg(handle_.get()) : "out of memory")};
}

std::string_view ColumnText(sqlite3_stmt* statement, int column) {
  const auto* text = reinterpret_cast<const char*>(sqlite3_column_text(statement, column));
  if (text == nullptr) return {};
  return {text, static_cast<std::size_t>(sqlite3_column_bytes(statement, column))};
}

void BindText(sqlite3_stmt* statement, int index, std::string_view text) {
  sqlite3_bind_text64(statement, index, text.data() == nullptr ? "" : text.data(), text.size(),
                      SQLITE_TRANSIENT, SQLITE_UTF8);
}

}  // namespace cistern::ctl
