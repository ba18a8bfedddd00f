#include "storage/sqlite/row_writer.h"

#include "storage/sqlite/log_file.h"
#include "storage/sqlite/row_checksum.h"

namespace cistern {
namespace {

constexpr std::uint64_t kPageBytes = 16384;
constexpr std::uint64_t kCheckpointBytes = std::uint64_t{4} << 20;
constexpr char kQuarantineTable[] =
    "CREATE TABLE IF NOT EXISTS quarantine(first_id INTEGER NOT NULL, last_id INTEGER NOT NULL,"
    "records INTEGER NOT NULL, min_received INTEGER NOT NULL, max_received INTEGER NOT NULL,"
    "problem TEXT NOT NULL, data BLOB)";

std::int64_t Signed(std::uint64_t value) { return static_cast<std::int64_t>(value); }

}  // namespace

Result<std::unique_ptr<RowWriter>> RowWriter::Create(const std::string& path) {
  if (const auto made = LogFile::Create(path, Sync::kFull, {}); !made) return made.error();
  Result<Database> database = Database::Open(path, Database::Mode::kReadWrite);
  if (!database) return database.error();
  auto writer = std::make_unique<RowWriter>();
  writer->database_ = std::move(*database);
  if (const auto set = writer->database_.Run("PRAGMA synchronous=NORMAL"); !set) return set.error();
  writer->database_.TrackWal(kPageBytes);
  return writer;
}

Result<void> RowWriter::CheckpointIfDue() {
  const std::uint64_t wal = database_.wal_bytes();
  if (wal < checkpointed_wal_bytes_) checkpointed_wal_bytes_ = 0;  // it started over
  if (wal - checkpointed_wal_bytes_ < kCheckpointBytes) return {};
  checkpointed_wal_bytes_ = wal;
  return database_.Checkpoint(/*truncate=*/false);
}

Result<void> RowWriter::CopyTables(FileWalker& source) {
  if (const auto copied = CopyTable(source, "clients"); !copied) return copied;
  return CopyTable(source, "quarantine");
}

Result<void> RowWriter::CopyTable(FileWalker& source, const std::string& table) {
  Result<Statement> rows = source.database().Prepare("SELECT * FROM " + table);
  if (!rows || source.version() == 1) return {};
  if (table == "quarantine")
    if (const auto made = MakeQuarantine(); !made) return made;
  std::string sql = "INSERT OR IGNORE INTO " + table + " VALUES(?";
  for (int i = 1; i < rows->columns(); ++i) sql += ",?";
  Result<Statement> insert = database_.Prepare(sql + ")");
  if (!insert) return insert.error();
  for (;;) {
    const Result<bool> row = rows->Step();
    if (!row || !*row) return {};
    for (int i = 0; i < rows->columns(); ++i) insert->BindColumn(i + 1, *rows, i);
    if (const auto done = insert->Run(); !done) return done;
  }
}

Result<void> RowWriter::MakeQuarantine() { return database_.Run(kQuarantineTable); }

Result<void> RowWriter::PutTailRow(const LogRow& row, std::string_view blob) {
  Result<Statement> put = database_.Prepare(InsertSql(row.table));
  if (!put) return put.error();
  const int parameter = BindLogRow(*put, row);
  return put->BindBlob(parameter, blob).Run();
}

Result<void> RowWriter::PutBlock(LogRow row, std::string_view data, std::string_view index,
                                 const Chunks& words) {
  row.table = LogTable::kBlock;
  row.data_bytes = data.size();
  row.words_bytes = 0;
  Result<Statement> put_data = database_.Prepare("INSERT INTO data VALUES(?1, ?2)");
  Result<Statement> put_words = database_.Prepare("INSERT INTO words VALUES(?1, ?2, ?3)");
  Result<Statement> put = database_.Prepare(InsertSql(LogTable::kBlock));
  if (!put_data || !put_words || !put) return StoreErrc::kCorrupt;
  if (const auto done = put_data->Bind(1, Signed(row.ordinal)).BindBlob(2, data).Run(); !done) return done;
  for (std::size_t i = 0; i < kWordChunks; ++i) {
    const std::uint64_t id = row.ordinal * kWordChunks + i;
    row.words_bytes += words[i].size();
    put_words->Bind(1, Signed(id)).Bind(2, BlobChecksum(words[i], id)).BindBlob(3, words[i]);
    if (const auto done = put_words->Run(); !done) return done;
  }
  row.index_checksum = BlobChecksum(index, ToInt(row.summary.first_id));
  const int parameter = BindLogRow(*put, row);
  return put->BindBlob(parameter, index).Run();
}

Result<void> RowWriter::PutRuns(std::span<const FileWalker::Run> runs) {
  Result<Statement> put = database_.Prepare("INSERT INTO runs VALUES(?1, ?2, ?3)");
  if (!put) return put.error();
  for (const FileWalker::Run& run : runs) {
    const std::int64_t first = Signed(run.first_id), before = Signed(run.records_before);
    const std::int64_t sum = run.end ? RunsEndChecksum(first, before) : RunChecksum(first, before);
    if (const auto done = put->Bind(1, first).Bind(2, before).Bind(3, sum).Run(); !done) return done;
  }
  return {};
}

}  // namespace cistern
