#include "storage/sqlite/sqlite_store.h"

#include <sys/stat.h>
#include <sys/statvfs.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <string_view>

#include "storage/sqlite/log_scan.h"
#include "storage/sqlite/recovery.h"

namespace cistern {
namespace {

// Beyond what is stored: reserved ahead, and of commits that failed.
constexpr std::uint64_t kIdsThatMayBeGivenOut = std::uint64_t{1} << 22;

Result<void> MakeDirs(const std::string& path) {
  for (std::size_t at = path.find('/', 1);; at = path.find('/', at + 1)) {
    const std::string folder = path.substr(0, at);
    const int made = ::mkdir(folder.c_str(), 0700);
    if (made == 0) (void)SyncFolder(folder + "/..");
    if (at != std::string::npos) continue;  // an error shows at the last one
    if (made == 0 || errno == EEXIST) return {};
    return errno == ENOSPC ? StoreErrc::kDiskFull : StoreErrc::kNoAccess;
  }
}

bool HasLogFiles(const std::string& logs_dir) {
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(logs_dir, error))
    if (ParseLogFileName(entry.path().filename().string())) return true;
  return false;
}

}  // namespace

Result<std::unique_ptr<Store>> Store::Open(StoreOptions options,
                                           std::function<void(const std::string&)> warn) {
  Result<std::unique_ptr<SqliteStore>> store = SqliteStore::Open(std::move(options), std::move(warn));
  if (!store) return store.error();
  return std::unique_ptr<Store>(std::move(*store));
}

Result<std::unique_ptr<SqliteStore>> SqliteStore::Open(StoreOptions options, Warn warn) {
  std::unique_ptr<SqliteStore> store(new SqliteStore(std::move(options), std::move(warn)));
  if (const Result<void> started = store->Start(); !started) return started.error();
  return store;
}

SqliteStore::SqliteStore(StoreOptions options, Warn warn)
    : options_(std::move(options)),
      logs_dir_(options_.dir + "/logs"),
      clock_(options_.clock ? options_.clock : WallClock(SystemWallClock)),
      logs_(std::make_shared<LogSet>(
          logs_dir_, LogSet::MemoryLimits{options_.recent_bytes, options_.received_bytes}, std::move(warn))),
      sealer_(std::make_unique<Sealer>(
          [this](const SealJob& job, SealTools& tools) { return SealInBackground(job, tools); })),
      pool_(std::min(4u, std::thread::hardware_concurrency())),
      retention_(options_.retention),
      rules_(options_.retention) {}

Result<void> SqliteStore::Start() {
  if (const auto made = MakeDirs(logs_dir_); !made) return made;
  std::string holder;
  Result<std::unique_ptr<DirLock>> lock = DirLock::Take(options_.dir, holder);
  if (!lock) {
    if (!holder.empty()) logs_->Warning("process " + holder + " uses " + options_.dir);
    return lock.error();
  }
  lock_ = std::move(*lock);
  if (const auto opened = OpenCatalog(); !opened) return opened;
  Result<Recovered> recovered = Recover(*catalog_, *logs_, options_.sync, clock_());
  if (!recovered) return recovered.error();
  if (const auto marks = catalog_->ThinMarks(); marks)
    for (const Catalog::ThinMark& mark : *marks) thin_marks_[mark.number] = mark;
  Result<std::vector<Gap>> gone = catalog_->Gone();
  if (!gone) return gone.error();
  live_.info = recovered->current_info;
  if (recovered->current) Adopt(live_, recovered->current_info, std::move(recovered->current));
  clients_ = std::move(recovered->clients);
  last_file_number_ = recovered->last_file_number;
  reserved_id_ = std::max(catalog_->reserved_id(), recovered->last_id);
  if (catalog_->reserved_is_guess()) reserved_id_ += kIdsThatMayBeGivenOut;
  next_id_ = reserved_id_ + 1;
  last_id_ = recovered->last_id;
  logs_->Start(next_id_, std::move(*gone));
  clock_guard_.Observe(clock_(), SinceBoot());
  return {};
}

Result<void> SqliteStore::OpenCatalog() {
  const std::string path = options_.dir + "/catalog.db";
  constexpr std::uint64_t kLeastDatabase = 512;
  if (FileBytes(path) < kLeastDatabase && HasLogFiles(logs_dir_))
    logs_->Warning("catalog.db is missing; a new one is made. Cursors are lost, records are not");
  Result<std::unique_ptr<Catalog>> catalog = Catalog::Open(path);
  if (!catalog && catalog.error() == StoreErrc::kCorrupt) {
    for (const char* suffix : {"", "-wal", "-shm"})
      std::rename((path + suffix).c_str(), (path + ".damaged" + suffix).c_str());
    catalog = Catalog::Open(path);
    if (catalog) (*catalog)->TakeOver(path + ".damaged");
    logs_->Warning(
        "catalog.db is damaged; it was renamed to catalog.db.damaged. Cursors may be lost, records are not");
  }
  if (!catalog) return catalog.error();
  catalog_ = std::move(*catalog);
  for (const std::string& warning : catalog_->warnings()) logs_->Warning(warning);
  return {};
}

// In order: everything in the log file, then the ids that were reserved and not used are given back.
SqliteStore::~SqliteStore() {
  if (thinner_.job()) {
    thinner_.Cancel();
    if (const std::string path = thinner_.job()->path + kNewSuffix; thinner_.Take()) RemoveLogFile(path);
  }
  sealer_.reset();
  if (!catalog_) return;
  RemoveRetired(/*all=*/true);
  for (Closing& closing : closing_) closing.job = 0;
  import_.job = 0;
  if (import_.file) CloseFile(import_, /*wait=*/true);
  TryToClose(/*wait=*/true);
  const bool opened = live_.file || live_.info.number == 0;
  const bool complete = !live_.file || live_.file->Checkpoint(/*truncate=*/true).has_value();
  logs_->readers().CloseAll();
  live_.file.reset();
  if (live_.info.number != 0) (void)catalog_->PutFile(live_.info);  // should it be missing at the next start
  if (opened && complete && closing_.empty() && failed_ == 0) (void)catalog_->Close(next_id_ - 1);
}

// On the worker's thread: nothing of the writer's may be touched.
Result<SealedTail> SqliteStore::SealInBackground(const SealJob& job, SealTools& tools) const {
  const auto read = [&](LogTable tail,
                        const BlockSummary& row) -> Result<std::shared_ptr<const std::string>> {
    if (auto recent = logs_->RecentBlob(row)) return recent;
    Result<ReaderPool::Lease> reader = logs_->Acquire(job.file);
    if (!reader) return reader.error();
    auto blob = (*reader)->TailBlob(tail, row);
    if (!blob) reader->Discard();
    return blob;
  };
  Result<SealedTail> sealed = SealRows(job, read, tools);
  At("seal.encoded");
  return sealed;
}

std::unique_ptr<Scan> SqliteStore::NewScan(const ScanOptions& options) {
  return std::make_unique<LogScan>(logs_, options);
}

std::uint64_t SqliteStore::LastSequence(const std::string& client_id) {
  const std::lock_guard lock(state_mutex_);
  const auto found = clients_.find(client_id);
  return found == clients_.end() ? 0 : found->second.sequence;
}

RecordId SqliteStore::first_id() const {
  for (const FileInfo& file : logs_->Files())
    if (file.totals.records != 0) return file.totals.first_id;
  return RecordId{0};
}

RecordId SqliteStore::WaitForCommit(RecordId after, std::chrono::milliseconds timeout) {
  std::unique_lock lock(commit_mutex_);
  const std::uint64_t wakes = wakes_;
  commit_.wait_for(lock, timeout, [&] { return last_id() > after || wakes_ != wakes; });
  return last_id();
}

void SqliteStore::WakeWaiters() {
  {
    const std::lock_guard lock(commit_mutex_);
    ++wakes_;
  }
  commit_.notify_all();
}

std::uint64_t SqliteStore::AddCommitListener(std::function<void(RecordId)> listener) {
  const std::lock_guard lock(listeners_mutex_);
  listeners_[next_listener_] = std::move(listener);
  return next_listener_++;
}

void SqliteStore::RemoveCommitListener(std::uint64_t token) {
  const std::lock_guard lock(listeners_mutex_);
  listeners_.erase(token);
}

Result<void> SqliteStore::PutCursors(std::span<const std::pair<std::string, RecordId>> positions) {
  return catalog_->PutCursors(positions, clock_());
}

Result<std::vector<std::uint64_t>> SqliteStore::ChangeState(const StateChange& change) {
  return catalog_->ChangeState(change, clock_());
}

StoreStats SqliteStore::Stats() {
  StoreStats stats;
  bool first = true;
  for (const FileInfo& file : logs_->Files()) {
    ++stats.log_files;
    const std::string path = logs_->PathOf(file);
    const std::uint64_t wal = file.closed ? 0 : FileBytes(path + "-wal");
    stats.wal_bytes += wal;
    stats.bytes += file.closed ? file.bytes : FileBytes(path) + wal;
    if (file.totals.records == 0) continue;
    stats.records += file.totals.records;
    stats.oldest_received =
        first ? file.totals.min_received : std::min(stats.oldest_received, file.totals.min_received);
    stats.newest_received =
        first ? file.totals.max_received : std::max(stats.newest_received, file.totals.max_received);
    if (first) stats.first_id = file.totals.first_id;
    stats.last_id = file.totals.last_id;
    first = false;
  }
  stats.bytes += FileBytesWithWal(options_.dir + "/catalog.db");
  stats.quarantined_batches = logs_->quarantined();
  struct statvfs space {};
  if (::statvfs(options_.dir.c_str(), &space) == 0) {
    stats.free_bytes = static_cast<std::uint64_t>(space.f_bavail) * space.f_frsize;
    stats.total_bytes = static_cast<std::uint64_t>(space.f_blocks) * space.f_frsize;
  }
  return stats;
}

}  // namespace cistern
