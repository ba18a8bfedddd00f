#include "storage/sqlite/file_walker.h"

#include <algorithm>

#include "storage/sqlite/row_checksum.h"
#include "storage/sqlite/schema.h"

namespace cistern {
namespace {

constexpr int kBusyMilliseconds = 1000;

std::int64_t ClampId(std::uint64_t id) {
  return static_cast<std::int64_t>(std::min<std::uint64_t>(id, INT64_MAX));
}

// A read transaction for the length of a call.
class ReadTransaction {
 public:
  explicit ReadTransaction(Database& database) : database_(database), outer_(database.in_transaction()) {
    if (!outer_) (void)database_.Run("BEGIN");
  }
  ~ReadTransaction() {
    if (!outer_) (void)database_.Run("COMMIT");
  }

 private:
  Database& database_;
  const bool outer_;  // the caller has one
};

}  // namespace

Result<std::unique_ptr<FileWalker>> FileWalker::Open(const std::string& path) {
  if (!FileExists(path)) return StoreErrc::kNotFound;
  const bool complete = !FileExists(path + "-wal");
  Result<Database> database =
      Database::Open(path, complete ? Database::Mode::kImmutable : Database::Mode::kReadOnly);
  if (!database) return database.error();
  auto walker = std::make_unique<FileWalker>();
  walker->own_ = std::move(*database);
  walker->own_.SetBusyTimeout(kBusyMilliseconds);
  walker->database_ = &walker->own_;
  if (const auto set = walker->own_.Run("PRAGMA cache_size=-512"); !set) return set.error();
  if (const auto ready = walker->Prepare(); !ready) return ready.error();
  return walker;
}

Result<std::unique_ptr<FileWalker>> FileWalker::Over(Database& database) {
  auto walker = std::make_unique<FileWalker>();
  walker->database_ = &database;
  if (const auto ready = walker->Prepare(); !ready) return ready.error();
  return walker;
}

Result<void> FileWalker::Prepare() {
  const auto version = CheckSchema(*database_, kLogApplicationId);
  if (!version) return version.error();
  if (*version == 0) return StoreErrc::kCorrupt;
  version_ = *version;
  for (const LogTable table : TablesOf(version_)) {
    const std::string name = TableName(table);
    // The row that holds the id before may reach beyond it.
    Result<Statement> next =
        database_->Prepare("SELECT " + RowColumns(table, version_) + " FROM " + name +
                           " WHERE first_id >= coalesce((SELECT max(first_id) FROM " + name +
                           " WHERE first_id <= ?1), ?1) ORDER BY first_id LIMIT 2");
    if (!next) return next.error();
    next_[static_cast<std::size_t>(table)] = std::move(*next);
  }
  return {};
}

Result<std::uint64_t> FileWalker::CountRows() {
  std::uint64_t rows = 0;
  for (const LogTable table : TablesOf(version_)) {
    const auto count = database_->Int(std::string("SELECT count(*) FROM ") + TableName(table));
    if (!count) return count.error();
    rows += static_cast<std::uint64_t>(*count);
  }
  return rows;
}

Result<std::optional<WalkedRow>> FileWalker::FindNext(std::uint64_t after) {
  std::optional<WalkedRow> found;
  for (const LogTable table : TablesOf(version_)) {
    Statement& next = next_[static_cast<std::size_t>(table)];
    next.Bind(1, ClampId(after));
    for (;;) {
      const Result<bool> more = next.Step();
      if (!more) return more.error();
      if (!*more) break;
      WalkedRow walked;
      walked.row = ReadLogRow(next, table, version_);
      if (walked.last_id() <= after) continue;
      if (!found || walked.row.summary.first_id < found->row.summary.first_id) found = std::move(walked);
      break;
    }
    next.Reset();
  }
  return found;
}

Result<std::shared_ptr<const std::string>> FileWalker::ReadBlob(const std::string& sql, std::uint64_t key) {
  Result<Statement> get = database_->Prepare(sql);
  if (!get) return get.error();
  const Result<bool> row = get->Bind(1, ClampId(key)).Step();
  if (!row && row.error() != StoreErrc::kCorrupt) return row.error();
  std::shared_ptr<const std::string> blob;
  if (row && *row) blob = std::make_shared<const std::string>(get->Blob(0));
  return blob;
}

Result<void> FileWalker::ReadBlobs(WalkedRow& walked) {
  const LogRow& row = walked.row;
  if (row.table != LogTable::kBlock) {
    auto blob = ReadBlob(std::string("SELECT blob FROM ") + TableName(row.table) + " WHERE first_id=?1",
                         ToInt(row.summary.first_id));
    if (!blob) return blob.error();
    walked.data = std::move(*blob);
    return {};
  }
  auto data = ReadBlob("SELECT blob FROM data WHERE ordinal=?1", row.ordinal);
  if (!data) return data.error();
  walked.data = std::move(*data);
  Result<Statement> words = database_->Prepare("SELECT checksum, blob FROM words WHERE id=?1");
  if (!words) return words.error();
  for (std::size_t chunk = 0; chunk < kWordChunks; ++chunk) {
    const std::uint64_t id = row.ordinal * kWordChunks + chunk;
    const Result<bool> there = words->Bind(1, ClampId(id)).Step();
    if (!there && there.error() != StoreErrc::kCorrupt) return there.error();
    if (there && *there && words->Int(0) == BlobChecksum(words->Blob(1), id))
      walked.words[chunk] = std::string(words->Blob(1));
    words->Reset();
  }
  return {};
}

Result<std::optional<WalkedRow>> FileWalker::Next(std::uint64_t after, bool heavy) {
  const ReadTransaction transaction(*database_);
  Result<std::optional<WalkedRow>> found = FindNext(after);
  if (!found || !*found || !heavy) return found;
  if (const auto read = ReadBlobs(**found); !read) return read.error();
  return found;
}

Result<std::uint64_t> FileWalker::CountOrphans() {
  if (version_ == 1) return 0;
  const ReadTransaction transaction(*database_);
  const auto data =
      database_->Int("SELECT count(*) FROM data WHERE ordinal NOT IN (SELECT ordinal FROM block)");
  if (!data) return data.error();
  const auto words = database_->Int("SELECT count(*) FROM words WHERE id / " + std::to_string(kWordChunks) +
                                    " NOT IN (SELECT ordinal FROM block)");
  if (!words) return words.error();
  return static_cast<std::uint64_t>(*data + *words);
}

Result<std::vector<FileWalker::Run>> FileWalker::Runs() {
  Result<Statement> rows = database_->Prepare(
      version_ == 1 ? "SELECT first_id, records_before FROM runs ORDER BY first_id"
                    : "SELECT first_id, records_before, checksum FROM runs ORDER BY first_id");
  if (!rows) return rows.error();
  std::vector<Run> runs;
  for (;;) {
    const Result<bool> row = rows->Step();
    if (!row) return row.error();
    if (!*row) return runs;
    const std::int64_t first = rows->Int(0), before = rows->Int(1);
    const bool end = version_ != 1 && rows->Int(2) == RunsEndChecksum(first, before);
    runs.push_back({static_cast<std::uint64_t>(first), static_cast<std::uint64_t>(before),
                    version_ == 1 || end || rows->Int(2) == RunChecksum(first, before), end});
  }
}

bool IsThinned(std::span<const FileWalker::Run> runs) {
  return runs.size() > 1 && runs.back().end &&
         std::ranges::all_of(runs, [](const FileWalker::Run& run) { return run.sound; });
}

Result<void> FileWalker::CheckPages(std::string& problem) {
  Result<Statement> check = database_->Prepare("SELECT quick_check FROM pragma_quick_check(1)");
  if (!check) return check.error();
  const Result<bool> row = check->Step();
  if (!row) return row.error();
  problem = *row && check->Text(0) != "ok" ? std::string(check->Text(0)) : std::string();
  return {};
}

}  // namespace cistern
