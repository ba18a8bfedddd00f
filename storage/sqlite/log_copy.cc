#include "storage/sqlite/log_copy.h"

#include <vector>

#include "storage/block/sealed_block.h"
#include "storage/sqlite/file_info.h"
#include "storage/sqlite/schema.h"

namespace cistern {
namespace {

constexpr int kBusyMilliseconds = 1000;
constexpr std::int64_t kBlocksAStep = 4;  // about a megabyte each
constexpr std::int64_t kWords = kWordChunks;

// The target is worth nothing until it is complete, so nothing about it needs to be durable.
constexpr char kTargetSettings[] =
    "PRAGMA page_size=16384; PRAGMA auto_vacuum=INCREMENTAL; PRAGMA journal_mode=MEMORY;"
    "PRAGMA synchronous=OFF; PRAGMA locking_mode=EXCLUSIVE; PRAGMA cache_size=-2048";

}  // namespace

Result<std::unique_ptr<LogCopy>> LogCopy::Begin(const std::string& source, const std::string& target) {
  // Without a -wal nobody has it open for writing.
  const bool closed = !FileExists(source + "-wal");
  Result<Database> from =
      Database::Open(source, closed ? Database::Mode::kImmutable : Database::Mode::kReadOnly);
  if (!from) return from.error();
  Result<Database> to = Database::Open(target, Database::Mode::kReadWrite);
  if (!to) return to.error();
  auto copy = std::make_unique<LogCopy>();
  copy->source_ = std::move(*from);
  copy->target_ = std::move(*to);
  copy->source_.SetBusyTimeout(kBusyMilliseconds);
  if (const auto set = copy->source_.Run("PRAGMA cache_size=-2048"); !set) return set.error();
  if (const auto set = copy->target_.Run(kTargetSettings); !set) return set.error();
  if (const auto made = copy->MakeTables(); !made) return made.error();
  return copy;
}

Result<void> LogCopy::MakeTables() {
  if (const auto schema = CheckSchema(source_, kLogApplicationId); !schema) return schema.error();
  const Result<std::int64_t> version = source_.Int("PRAGMA user_version");
  if (!version) return version.error();
  Result<Statement> tables = source_.Prepare(
      "SELECT name, sql FROM sqlite_schema WHERE type IN ('table', 'view') AND name NOT LIKE 'sqlite_%' "
      "ORDER BY rowid");
  if (!tables) return tables.error();
  for (;;) {
    const Result<bool> row = tables->Step();
    if (!row) return row.error();
    if (!*row) break;
    if (tables->Text(0) == "block") has_blocks_ = true;
    if (const auto made = target_.Run(std::string(tables->Text(1)).c_str()); !made) return made;
  }
  const std::string marks = "PRAGMA application_id=" + std::to_string(kLogApplicationId) +
                            "; PRAGMA user_version=" + std::to_string(*version);
  return target_.Run(marks.c_str());
}

Result<std::uint64_t> LogCopy::CopyRows(std::string_view table, std::string_view condition,
                                        std::int64_t first, std::int64_t last) {
  Result<Statement> rows =
      source_.Prepare("SELECT * FROM " + std::string(table) + " " + std::string(condition));
  if (!rows) return rows.error();
  std::string sql = "INSERT INTO " + std::string(table) + " VALUES(?";
  for (int i = 1; i < rows->columns(); ++i) sql += ",?";
  Result<Statement> insert = target_.Prepare(sql + ")");
  if (!insert) return insert.error();
  if (!condition.empty()) rows->Bind(1, first).Bind(2, last);
  for (std::uint64_t copied = 0;; ++copied) {
    const Result<bool> row = rows->Step();
    if (!row) return row.error();
    if (!*row) return copied;
    for (int i = 0; i < rows->columns(); ++i) insert->BindColumn(i + 1, *rows, i);
    if (const auto done = insert->Run(); !done) return done.error();
  }
}

Result<void> LogCopy::CopyRest() {
  Result<Statement> tables = target_.Prepare(
      "SELECT name FROM sqlite_schema WHERE type='table' AND name NOT IN ('data', 'words') ORDER BY rowid");
  if (!tables) return tables.error();
  std::vector<std::string> names;
  for (;;) {
    const Result<bool> row = tables->Step();
    if (!row) return row.error();
    if (!*row) break;
    names.emplace_back(tables->Text(0));
  }
  for (const std::string& name : names)
    if (const auto done = CopyRows(name); !done) return done.error();
  return {};
}

Result<LogCopy::State> LogCopy::CopyNext() {
  if (has_blocks_) {
    // Ordinals grow, whatever the ids of a block are.
    const Result<std::int64_t> last = source_.Int(
        "SELECT coalesce(max(ordinal), -1) FROM (SELECT ordinal FROM data WHERE ordinal > " +
        std::to_string(copied_ordinal_) + " ORDER BY ordinal LIMIT " + std::to_string(kBlocksAStep) + ")");
    if (!last) return last.error();
    if (*last > copied_ordinal_) {
      const auto data = CopyRows("data", "WHERE ordinal BETWEEN ?1 AND ?2", copied_ordinal_ + 1, *last);
      if (!data) return data.error();
      const auto words = CopyRows("words", "WHERE id BETWEEN ?1 AND ?2", (copied_ordinal_ + 1) * kWords,
                                  (*last + 1) * kWords - 1);
      if (!words) return words.error();
      copied_ordinal_ = *last;
      if (*data == static_cast<std::uint64_t>(kBlocksAStep)) return State::kCopying;
    }
  }
  if (const auto done = CopyRest(); !done) return done.error();
  return State::kDone;
}

Result<LogCopy::State> LogCopy::CopySome() {
  if (const auto begun = source_.Run("BEGIN"); !begun) return begun.error();
  Transaction transaction(target_);
  if (const auto begun = transaction.Begin(); !begun) return begun.error();
  const Result<State> state = CopyNext();
  (void)source_.Run("COMMIT");
  if (!state) return state;
  if (const auto done = transaction.Commit(); !done) return done.error();
  return state;
}

Result<LogCopy::State> LogCopy::Step() {
  const Result<State> state = CopySome();
  if (state && *state == State::kDone) {
    source_ = {};
    target_ = {};
  }
  return state;
}

}  // namespace cistern
