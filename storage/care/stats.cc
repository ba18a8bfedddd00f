#include "storage/care/stats.h"

#include <unistd.h>

#include <algorithm>
#include <map>

#include "storage/block/header.h"
#include "storage/care/temp_path.h"
#include "storage/sqlite/catalog.h"
#include "storage/sqlite/file_walker.h"

namespace cistern {
namespace {

constexpr std::uint64_t kSamples = 4;       // batches of a file
constexpr std::size_t kSampledRows = 1024;  // of a batch
constexpr std::string_view kNames[] = {"other",
                                       "id",
                                       "received",
                                       "time",
                                       "time",
                                       "peer",
                                       "port",
                                       "transport",
                                       "format",
                                       "facility",
                                       "severity",
                                       "flags",
                                       "shape",
                                       "listener",
                                       "tls_identity",
                                       "hostname",
                                       "app_name",
                                       "procid",
                                       "msgid",
                                       "structured_data",
                                       "message",
                                       "raw",
                                       "tags",
                                       "message_templates",
                                       "message_values",
                                       "structured_data",
                                       "structured_data",
                                       "procid",
                                       "procid"};

std::string_view NameOf(const ColumnEntry& entry) {
  const auto id = static_cast<std::size_t>(entry.id);
  if (entry.id == ColumnId::kMessage && entry.codec == Codec::kTemplates) return "message_templates";
  return id < std::size(kNames) ? kNames[id] : kNames[0];
}

std::string DayText(const std::string& name) {
  const std::size_t dash = name.find('-');
  return dash == std::string::npos ? name : name.substr(dash + 1, 10);
}

class FileMeasure {
 public:
  FileMeasure(const FileInfo& file, std::string path) : path_(std::move(path)) {
    stats_.name = file.name;
    stats_.day = DayText(file.name);
    stats_.closed = file.closed;
  }

  // kCancelled; everything else only makes the figures less complete.
  Result<void> Run(const std::atomic<bool>& cancelled) {
    stats_.bytes = FileBytesWithWal(path_);
    const Result<std::unique_ptr<FileWalker>> walker = FileWalker::Open(path_);
    if (walker) {
      if (const auto done = AddRows(**walker, cancelled); !done) return done;
      Sample(**walker);
    }
    std::uint64_t sum = 0;
    for (const auto& [name, bytes] : columns_) sum += bytes;
    columns_["sqlite"] = stats_.bytes - std::min(stats_.bytes, sum);
    stats_.columns.assign(columns_.begin(), columns_.end());
    return {};
  }
  LogFileStats& stats() { return stats_; }

 private:
  Result<void> AddRows(FileWalker& walker, const std::atomic<bool>& cancelled) {
    std::uint64_t after = 0;
    for (;;) {
      if (cancelled.load()) return StoreErrc::kCancelled;
      const auto next = walker.Next(after, /*heavy=*/false);
      if (!next || !*next) return {};
      const LogRow& row = (*next)->row;
      after = (*next)->last_id();
      if (!row.sound) continue;
      if (first_ == 0) first_ = ToInt(row.summary.first_id);
      last_ = after;
      AddRow(walker.database(), row);
    }
  }

  void AddRow(Database& database, const LogRow& row) {
    stats_.records += row.summary.records;
    if (row.table != LogTable::kBlock) {
      const std::string table = TableName(row.table);
      const std::uint64_t id = ToInt(row.summary.first_id);
      const auto bytes =
          database.Int("SELECT length(blob) FROM " + table + " WHERE first_id=" + std::to_string(id));
      if (bytes) AddColumns(database, table.c_str(), id, static_cast<std::uint64_t>(*bytes));
      return;
    }
    ++stats_.blocks;
    stats_.block_records += row.summary.records;
    columns_["index"] += row.index->size();
    columns_["words"] += row.words_bytes;
    AddColumns(database, "data", row.ordinal, row.data_bytes);
  }

  // Reads no more of the blob than its header.
  void AddColumns(Database& database, const char* table, std::uint64_t key, std::uint64_t bytes) {
    std::string head(kPrefixBytes, '\0');
    if (bytes < kPrefixBytes || !database.ReadBlob(table, "blob", key, 0, head)) return;
    const Result<std::size_t> head_bytes = BlockHeadSize(head);
    if (!head_bytes || *head_bytes > bytes) return;
    head.resize(*head_bytes);
    if (!database.ReadBlob(table, "blob", key, 0, head)) return;
    const Result<BlockHeader> header = ReadBlockHeader(head, bytes);
    if (!header) return;
    std::uint64_t sum = 0;
    for (const ColumnEntry& entry : header->columns) {
      columns_[std::string(NameOf(entry))] += entry.length;
      sum += entry.length;
    }
    columns_["headers"] += bytes - std::min(bytes, sum);
  }

  // How long records are, from some of them.
  void Sample(FileWalker& walker) {
    std::uint64_t rows = 0, octets = 0;
    for (std::uint64_t i = 0; i < kSamples && last_ != 0; ++i) {
      const auto next = walker.Next(first_ - 1 + (last_ - first_) / kSamples * i);
      if (!next || !*next || !(*next)->data) continue;
      const auto view = OpenBlock((*next)->data);
      if (!view) continue;
      const std::size_t end = std::min((*view)->size(), kSampledRows);
      const std::vector<std::uint8_t> selected((*view)->size(), 1);
      const StringColumn raw = (*view)->StringsOf(Column::kRaw, selected, 0, end);
      if ((*view)->damaged()) continue;
      for (std::size_t row = 0; row < end; ++row) octets += raw[row].size();
      rows += end;
    }
    if (rows != 0)
      stats_.received_bytes = static_cast<std::uint64_t>(
          static_cast<double>(octets) / static_cast<double>(rows) * static_cast<double>(stats_.records));
  }

  const std::string path_;
  LogFileStats stats_;
  std::uint64_t first_ = 0, last_ = 0;
  std::map<std::string, std::uint64_t> columns_;
};

Result<std::vector<FileInfo>> FilesOf(Store& store, const std::string& dir) {
  const std::string path = CareTempPath(dir);
  const Result<void> copied = store.CopyCatalog(path);
  Result<std::unique_ptr<Catalog>> catalog =
      copied ? Catalog::OpenReadOnly(path) : Result<std::unique_ptr<Catalog>>(copied.error());
  ::unlink(path.c_str());
  if (!catalog) return catalog.error();
  return (*catalog)->Files();
}

}  // namespace

Result<DiskStats> MeasureStore(Store& store, const std::string& dir, const std::atomic<bool>& cancelled) {
  const Result<std::vector<FileInfo>> files = FilesOf(store, dir);
  if (!files) return files.error();
  DiskStats stats;
  stats.catalog_bytes = FileBytesWithWal(dir + "/catalog.db");
  for (const FileInfo& file : *files) {
    FileMeasure measure(file, dir + "/logs/" + file.name);
    if (const auto done = measure.Run(cancelled); !done) return done.error();
    stats.files.push_back(std::move(measure.stats()));
  }
  return stats;
}

}  // namespace cistern
