#include "storage/sql/session.h"

#include <sqlite3.h>

#include <algorithm>
#include <utility>

namespace cistern {
namespace {

constexpr int kMaxValueBytes = 17 << 20;  // above the largest message
constexpr int kProgressInterval = 1000;   // instructions of SQLite's machine
constexpr char kAllowed[] =
    "only one SELECT over the table logs is allowed: no other table, no PRAGMA, no ATTACH, nothing that "
    "writes";

bool IsRefusedFunction(std::string_view name) {
  return name == "load_extension" || name == "fts3_tokenizer" || name == "sqlite_log";
}

int Authorize(void*, int action, const char* first, const char* second, const char*, const char*) {
  switch (action) {
    case SQLITE_SELECT:
    case SQLITE_RECURSIVE:
      return SQLITE_OK;
    case SQLITE_READ:
      return std::string_view(first == nullptr ? "" : first).starts_with("sqlite_") ? SQLITE_DENY : SQLITE_OK;
    case SQLITE_FUNCTION:
      return IsRefusedFunction(second == nullptr ? "" : second) ? SQLITE_DENY : SQLITE_OK;
    default:
      return SQLITE_DENY;
  }
}

void Restrict(sqlite3* database) {
  constexpr std::pair<int, int> kLimits[] = {
      {SQLITE_LIMIT_LENGTH, kMaxValueBytes},
      {SQLITE_LIMIT_SQL_LENGTH, static_cast<int>(kMaxSqlLength)},
      {SQLITE_LIMIT_COLUMN, 200},
      {SQLITE_LIMIT_EXPR_DEPTH, 100},
      {SQLITE_LIMIT_COMPOUND_SELECT, 20},
      {SQLITE_LIMIT_VDBE_OP, 100'000},
      {SQLITE_LIMIT_FUNCTION_ARG, 32},
      {SQLITE_LIMIT_ATTACHED, 0},
      {SQLITE_LIMIT_LIKE_PATTERN_LENGTH, 1000},
      {SQLITE_LIMIT_TRIGGER_DEPTH, 1},
      {SQLITE_LIMIT_WORKER_THREADS, 0},
  };
  for (const auto& [limit, value] : kLimits) sqlite3_limit(database, limit, value);
  sqlite3_db_config(database, SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
  sqlite3_db_config(database, SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, 0, nullptr);
  sqlite3_set_authorizer(database, Authorize, nullptr);
}

bool IsBlank(std::string_view text) { return text.find_first_not_of(" \t\r\n;") == std::string_view::npos; }

}  // namespace

Result<std::unique_ptr<SqlSession>, SqlError> SqlSession::Open(LogsSource source,
                                                               std::string_view statement) {
  std::unique_ptr<SqlSession> session(new SqlSession());
  session->control_ = source.control;
  if (source.snapshot_id == 0) source.snapshot_id = ToInt(source.store->last_id());
  const int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_MEMORY | SQLITE_OPEN_NOMUTEX;
  int code = sqlite3_open_v2(":memory:", &session->database_, flags, nullptr);
  if (code == SQLITE_OK) code = AddLogsTable(session->database_, std::move(source));
  // Now, since the table's own declaration is more than the authorizer will allow.
  if (code == SQLITE_OK)
    code = sqlite3_exec(session->database_, "SELECT 1 FROM logs LIMIT 0", nullptr, nullptr, nullptr);
  if (code != SQLITE_OK) return session->Explain(code);
  Restrict(session->database_);
  sqlite3_progress_handler(session->database_, kProgressInterval, &SqlSession::OnProgress, session.get());
  if (auto prepared = session->Prepare(statement); !prepared) return prepared.error();
  return session;
}

SqlSession::~SqlSession() {
  sqlite3_finalize(statement_);
  sqlite3_close(database_);
}

Result<void, SqlError> SqlSession::Prepare(std::string_view statement) {
  const char* rest = nullptr;
  const int code =
      sqlite3_prepare_v2(database_, statement.data(), static_cast<int>(statement.size()), &statement_, &rest);
  if (code != SQLITE_OK) return Explain(code);
  if (statement_ == nullptr) return SqlError{SqlError::Kind::kStatement, "there is no statement"};
  const auto used = static_cast<std::size_t>(rest - statement.data());
  if (!IsBlank(statement.substr(used)) || sqlite3_stmt_readonly(statement_) == 0)
    return SqlError{SqlError::Kind::kStatement, kAllowed};
  return {};
}

std::vector<std::string> SqlSession::Columns() const {
  std::vector<std::string> names;
  for (int i = 0; i < sqlite3_column_count(statement_); ++i)
    names.push_back(sqlite3_column_name(statement_, i));
  return names;
}

Result<SqlSession::Step, SqlError> SqlSession::Next() {
  const int code = sqlite3_step(statement_);
  if (code == SQLITE_ROW) return Step::kRow;
  if (code == SQLITE_DONE) return Step::kEnd;
  return Explain(code);
}

SqlError SqlSession::Explain(int code) const {
  using Kind = SqlError::Kind;
  const std::string text = database_ == nullptr ? "out of memory" : sqlite3_errmsg(database_);
  switch (code & 0xff) {
    case SQLITE_AUTH:
      return {Kind::kStatement, kAllowed};
    case SQLITE_INTERRUPT:
      return {Kind::kStopped, "stopped"};
    case SQLITE_NOMEM:
    case SQLITE_FULL:
    case SQLITE_TOOBIG:
      return {Kind::kMemory, "the statement needs too much memory: " + text};
    default:
      break;
  }
  const int offset = database_ == nullptr ? -1 : sqlite3_error_offset(database_);
  return {Kind::kStatement, offset < 0 ? text : "at byte " + std::to_string(offset) + ": " + text};
}

int SqlSession::OnProgress(void* session) {
  const QueryControl& control = static_cast<SqlSession*>(session)->control_;
  if (control.cancelled != nullptr && control.cancelled->load(std::memory_order_relaxed)) return 1;
  return std::chrono::steady_clock::now() >= control.deadline ? 1 : 0;
}

}  // namespace cistern
