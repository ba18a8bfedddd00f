#include "storage/sql/session.h"

#include <gtest/gtest.h>
#include <sqlite3.h>

#include <atomic>
#include <random>

#include "storage/sql/read_only_store.h"
#include "tests/unit/service/temp_store.h"
#include "tests/unit/storage/record_maker.h"

namespace cistern {
namespace {

class SqlTest : public ::testing::Test {
 protected:
  void SetUp() override {
    store_ = OpenStore(folder_.path());
    RecordBatch batch;
    for (int i = 0; i < 200; ++i) {
      AddMessage(batch, "<" + std::to_string(8 + i % 8) + ">1 2026-03-04T05:06:07.5Z host-" +
                            std::to_string(i % 3) + " App - - - message number " + std::to_string(i));
    }
    RecordBatch* batches[] = {&batch};
    ASSERT_TRUE(store_->Append(batches, {}));
  }

  // All rows, values joined by `|`, rows by blanks; or the error.
  std::string Ask(const std::string& statement, QueryControl control = {}) {
    return AskStore(*store_, statement, control);
  }

  static std::string AskStore(Store& store, const std::string& statement, QueryControl control = {}) {
    auto session = SqlSession::Open({.store = &store, .control = control}, statement);
    if (!session) return session.error().message;
    std::string answer;
    for (;;) {
      const auto step = (*session)->Next();
      if (!step) return step.error().message;
      if (*step == SqlSession::Step::kEnd) return answer;
      if (!answer.empty()) answer += ' ';
      for (int i = 0; i < sqlite3_column_count((*session)->row()); ++i) {
        const auto* text = reinterpret_cast<const char*>(sqlite3_column_text((*session)->row(), i));
        answer.append(i > 0 ? "|" : "").append(text == nullptr ? "NULL" : text);
      }
    }
  }

  TempFolder folder_;
  std::unique_ptr<Store> store_;
};

struct Case {
  const char* statement;
  const char* answer;
};

TEST_F(SqlTest, WhatIsPushedDownAgreesWithWhatSqliteSees) {
  // The `+` keeps a term from the table, so each pair asks the same in two ways.
  constexpr const char* kConditions[] = {
      "{}severity <= 3",
      "{}severity < 3",
      "{}severity > 3",
      "{}severity >= 6",
      "{}severity = 0",
      "{}severity = 99",
      "{}hostname = 'host-1'",
      "{}hostname = 'HOST-1'",
      "{}app_name = 'App'",
      "{}id > 50",
      "{}id = 7",
      "{}id <= 0",
      "{}id < -5",
      "{}message LIKE '%NUMBER 7%'",
      "{}message LIKE 'message number 1_'",
      "{}message LIKE '%no such%'",
      "{}received > '2026-01-01'",
      "{}received < '2026-01-01 10:00'",
      "{}received >= datetime('now', '-1 hour')",
      "{}time = '2026-03-04 05:06:07.500000000'",
      "{}time <= '2026-03-04 05:06:07'",
      "{}time >= '2026-03-04 05:06:07.5'",
      "{}time > 'nonsense'",
  };
  for (const std::string condition : kConditions) {
    const auto with = [&](const char* sign) {
      return "SELECT count(*), min(id), max(id) FROM logs WHERE " + std::string(sign) + condition.substr(2);
    };
    EXPECT_EQ(Ask(with("")), Ask(with("+"))) << condition;
  }
}

// Far down a table only the columns are decoded that a statement uses; `raw` needs them all.
TEST_F(SqlTest, EachColumnAloneReadsAsAmongAll) {
  std::mt19937_64 random(5);
  for (const std::size_t records : {300u, 20'000u}) {  // a tail row, a block
    RecordBatch batch;
    for (std::size_t i = 0; i < records; ++i) testing::AddRandomRecord(batch, random, 20);
    RecordBatch* batches[] = {&batch};
    ASSERT_TRUE(store_->Append(batches, {}));
  }
  constexpr const char* kColumns[] = {
      "id",           "time",     "received",      "hostname", "app_name", "procid",          "msgid",
      "facility",     "severity", "severity_name", "peer",     "port",     "transport",       "listener",
      "tls_identity", "format",   "flags",         "message",  "raw",      "structured_data", "tags"};
  for (const std::string column : kColumns) {
    const std::string alone =
        "SELECT count(*), group_concat(hex(coalesce(" + column + ", 'none'))) FROM logs";
    EXPECT_EQ(Ask(alone), Ask(alone + " WHERE raw IS NOT 'no such octets'")) << column;
  }
  EXPECT_EQ(Ask("SELECT count(*) FROM logs"), "20500");
}

TEST_F(SqlTest, Answers) {
  constexpr Case kCases[] = {
      {"SELECT count(*) FROM logs", "200"},
      {"SELECT count(*) FROM logs WHERE message MATCH '\"number 17\"'", "1"},
      {"SELECT count(*) FROM logs WHERE message MATCH 'host:host-0 severity:>=err'", "34"},
      {"SELECT message FROM logs ORDER BY id DESC LIMIT 1", "message number 199"},
      {"SELECT message FROM logs ORDER BY id LIMIT 1", "message number 0"},
      {"SELECT hostname, severity_name, transport, peer, facility FROM logs LIMIT 1",
       "host-0|emerg|tcp|192.0.2.1|user"},
      {"SELECT time, msgid, tags, raw FROM logs WHERE message = 'message number 3'",
       "2026-03-04 05:06:07.500000000|NULL|NULL|<11>1 2026-03-04T05:06:07.5Z host-0 App - - - message number "
       "3"},
      {"SELECT hostname, count(*) FROM logs GROUP BY 1 ORDER BY 1", "host-0|67 host-1|67 host-2|66"},
      {"SELECT count(*) FROM logs a JOIN logs b ON b.id = a.id", "200"},
      {"WITH x AS (SELECT id FROM logs LIMIT 3) SELECT count(*) FROM x", "3"},
      {"SELECT sqlite_version() > '3'", "1"},
  };
  for (const Case& each : kCases) EXPECT_EQ(Ask(each.statement), each.answer) << each.statement;
}

TEST_F(SqlTest, RefusesEverythingElse) {
  for (const char* statement :
       {"ATTACH 'x' AS y", "DETACH main", "PRAGMA user_version", "CREATE TABLE t (a)", "DELETE FROM logs",
        "INSERT INTO logs (message) VALUES ('x')", "UPDATE logs SET message = 'x'", "DROP TABLE logs",
        "SELECT load_extension('x')", "SELECT * FROM sqlite_schema", "SELECT * FROM pragma_database_list",
        "BEGIN", "VACUUM INTO 'x'", "SELECT 1; SELECT 2", "CREATE VIRTUAL TABLE t USING logs",
        "SELECT writefile('x', 'y')", "SELECT * FROM sqlite_dbpage", ""}) {
    const auto session = SqlSession::Open({.store = store_.get()}, statement);
    ASSERT_FALSE(session) << statement;
    EXPECT_EQ(session.error().kind, SqlError::Kind::kStatement) << statement;
  }
  EXPECT_NE(Ask("PRAGMA user_version").find("only one SELECT"), std::string::npos);
}

TEST_F(SqlTest, SaysWhereAStatementIsWrong) {
  EXPECT_EQ(Ask("SELEC 1"), "at byte 0: near \"SELEC\": syntax error");
  EXPECT_NE(Ask("SELECT 1 FROM logs WHERE message MATCH '(a'").find("MATCH at byte 2"), std::string::npos);
}

TEST_F(SqlTest, StopsWhenCancelledAndAtTheDeadline) {
  const std::string endless =
      "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c) SELECT count(*) FROM c";
  EXPECT_EQ(Ask(endless, {.deadline = std::chrono::steady_clock::now()}), "stopped");
  const std::atomic<bool> cancelled{true};
  EXPECT_EQ(Ask(endless, {.cancelled = &cancelled}), "stopped");
  EXPECT_EQ(Ask("SELECT count(*) FROM logs", {.cancelled = &cancelled}), "stopped");
}

TEST_F(SqlTest, ReadsADirectoryBesideItsWriterAndWithoutOne) {
  const auto beside = OpenReadOnlyStore(folder_.path());
  ASSERT_TRUE(beside) << beside.error();
  EXPECT_EQ(AskStore(**beside, "SELECT count(*) FROM logs"), "200");
  RecordBatch batch;
  AddMessage(batch, "<13>1 - h a - - - one more");
  RecordBatch* batches[] = {&batch};
  ASSERT_TRUE(store_->Append(batches, {}));
  EXPECT_EQ(AskStore(**beside, "SELECT message FROM logs ORDER BY id DESC LIMIT 1"), "one more");
  store_.reset();
  EXPECT_EQ(AskStore(**beside, "SELECT count(*) FROM logs"), "201");
  EXPECT_FALSE(OpenReadOnlyStore(folder_.path() + "/logs"));
}

}  // namespace
}  // namespace cistern
