// The little of SQLite that reading and writing exported files needs.
#pragma once

#include <sqlite3.h>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "ctl/transfer/byte_source.h"

namespace cistern::ctl {

struct CloseDatabase {
  void operator()(sqlite3* database) const { sqlite3_close(database); }
};
struct FinalizeStatement {
  void operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }
};
using Statement = std::unique_ptr<sqlite3_stmt, FinalizeStatement>;

class Database {
 public:
  // `flags` as of sqlite3_open_v2.
  static Result<Database, FileError> Open(const std::string& path, int flags);

  Result<void, FileError> Run(const std::string& sql);
  Result<Statement, FileError> Prepare(const std::string& sql);
  // The integer a statement gives, 0 without a row.
  Result<std::int64_t, FileError> Integer(const std::string& sql);
  // What went wrong last, behind the file's name.
  FileError Error() const;
  sqlite3* handle() const { return handle_.get(); }

 private:
  std::string path_;
  std::unique_ptr<sqlite3, CloseDatabase> handle_;
};

// Text of a column of the current row; valid until the next step.
std::string_view ColumnText(sqlite3_stmt* statement, int column);
void BindText(sqlite3_stmt* statement, int index, std::string_view text);

}  // namespace cistern::ctl
