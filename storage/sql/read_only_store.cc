#include "storage/sql/read_only_store.h"

#include <algorithm>
#include <filesystem>

#include "storage/sqlite/log_scan.h"
#include "storage/sqlite/log_set.h"

namespace cistern {
namespace {

class ReadOnlyStore final : public Store {
 public:
  explicit ReadOnlyStore(std::string logs_dir) : logs_dir_(std::move(logs_dir)) {}

  std::unique_ptr<Scan> NewScan(const ScanOptions& options) override {
    return std::make_unique<LogScan>(Look(), options);
  }
  RecordId last_id() const override {
    RecordId last{};
    for (const FileInfo& file : Look()->Files()) last = std::max(last, file.totals.last_id);
    return last;
  }
  RecordId first_id() const override {
    for (const FileInfo& file : Look()->Files()) {
      if (file.totals.records > 0) return file.totals.first_id;
    }
    return RecordId{0};
  }
  StoreStats Stats() override {
    StoreStats stats;
    for (const FileInfo& file : Look()->Files()) {
      ++stats.log_files;
      stats.records += file.totals.records;
    }
    return stats;
  }

  Result<CommitResult> Append(std::span<RecordBatch* const>, std::span<const ClientSequence>,
                              std::shared_ptr<const void>) override {
    return StoreErrc::kNoAccess;
  }
  Result<void> Reopen() override { return StoreErrc::kNoAccess; }
  Result<void> CheckWritable() override { return StoreErrc::kNoAccess; }
  std::uint64_t LastSequence(const std::string&) override { return 0; }
  Result<std::vector<Gap>> ApplyRetention() override { return StoreErrc::kNoAccess; }
  void SetRetention(const Retention&) override {}
  void Idle() override {}
  RecordId WaitForCommit(RecordId, std::chrono::milliseconds) override { return last_id(); }
  std::uint64_t AddCommitListener(std::function<void(RecordId)>) override { return 0; }
  void RemoveCommitListener(std::uint64_t) override {}
  std::string store_id() const override { return {}; }
  std::optional<RecordId> GetCursor(const std::string&) override { return std::nullopt; }
  Result<void> PutCursors(std::span<const std::pair<std::string, RecordId>>) override {
    return StoreErrc::kNoAccess;
  }
  Result<void> DeleteCursor(const std::string&) override { return StoreErrc::kNoAccess; }
  Result<std::vector<StoredObject>> ListObjects(const std::string&, const std::string&,
                                                std::size_t) override {
    return StoreErrc::kNoAccess;
  }
  Result<std::optional<StoredObject>> GetObject(const std::string&, const std::string&) override {
    return StoreErrc::kNoAccess;
  }
  Result<std::uint64_t> CountObjects(const std::string&) override { return StoreErrc::kNoAccess; }
  Result<std::vector<std::uint64_t>> ChangeState(const StateChange&) override { return StoreErrc::kNoAccess; }
  Backlog Behind(RecordId) override { return {}; }
  void HoldRetention(std::optional<RecordId>, std::chrono::seconds) override {}
  Result<void> CopyCatalog(const std::string&) override { return StoreErrc::kNoAccess; }

 private:
  // The files as they are now: a daemon may have added, sealed or deleted some.
  std::shared_ptr<LogSet> Look() const {
    auto logs = std::make_shared<LogSet>(logs_dir_, LogSet::MemoryLimits{}, Warn());
    std::error_code error;
    std::uint64_t last = 0;
    for (const auto& entry : std::filesystem::directory_iterator(logs_dir_, error)) {
      FileInfo file;
      file.name = entry.path().filename().string();
      const auto id = ParseLogFileName(file.name);
      if (!id || id->damaged) continue;
      file.number = id->number;
      file.closed = FileBytes(logs->PathOf(file) + "-wal") == 0;
      const auto reader = LogReader::Open(logs->PathOf(file), file.closed);
      if (!reader) continue;
      const auto totals = (*reader)->Totals();
      if (!totals || totals->records == 0) continue;
      file.totals = *totals;
      last = std::max(last, ToInt(totals->last_id));
      logs->Put(file);
    }
    logs->Start(last + 1, {});
    return logs;
  }

  const std::string logs_dir_;
};

}  // namespace

Result<std::shared_ptr<Store>, std::string> OpenReadOnlyStore(const std::string& dir) {
  std::error_code error;
  if (!std::filesystem::is_directory(dir + "/logs", error)) {
    return dir + ": not a data directory of cisternd (it has no folder logs)";
  }
  return std::shared_ptr<Store>(std::make_shared<ReadOnlyStore>(dir + "/logs"));
}

}  // namespace cistern
