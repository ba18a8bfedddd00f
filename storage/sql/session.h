// One SELECT over `logs`, for people who are not trusted with more: no other table, no file, no setting,
// nothing that writes.
//
// Bounds: `control` stops it within a few milliseconds of work; texts and blobs of 17 MiB; sorting beyond 2
// MB goes to temporary files. Threads: one at a time.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "ingest/message/result.h"
#include "storage/sql/logs_table.h"

struct sqlite3;
struct sqlite3_stmt;

namespace cistern {

inline constexpr std::size_t kMaxSqlLength = 65536;

struct SqlError {
  enum class Kind { kStatement, kStopped, kMemory } kind = Kind::kStatement;
  std::string message;  // a sentence for who wrote the statement
};

class SqlSession {
 public:
  // `source.store` and what `source.control` points to outlive the session.
  static Result<std::unique_ptr<SqlSession>, SqlError> Open(LogsSource source, std::string_view statement);
  ~SqlSession();

  std::vector<std::string> Columns() const;
  enum class Step { kRow, kEnd };
  Result<Step, SqlError> Next();
  // The current row is read from here, with sqlite3_column_*; valid until Next().
  sqlite3_stmt* row() const { return statement_; }

 private:
  SqlSession() = default;
  SqlError Explain(int code) const;
  Result<void, SqlError> Prepare(std::string_view statement);
  static int OnProgress(void* session);

  QueryControl control_;
  sqlite3* database_ = nullptr;
  sqlite3_stmt* statement_ = nullptr;
};

}  // namespace cistern
