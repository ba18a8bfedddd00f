// The writer's half of SqliteStore: when a log file begins and ends.
#include <algorithm>

#include "storage/sqlite/recovery.h"
#include "storage/sqlite/sqlite_store.h"

namespace cistern {
namespace {

constexpr std::uint64_t kDefaultMaxFileBytes = std::uint64_t{4} << 30;
constexpr std::uint64_t kMinDerivedFileBytes = std::uint64_t{1} << 20;
constexpr std::uint64_t kCheckpointBytes = std::uint64_t{4} << 20;
// Readers have kept the WAL from starting over for this long: the writer waits for them, briefly.
constexpr std::uint64_t kTruncateBytes = std::uint64_t{64} << 20;
constexpr std::int64_t kMaxStepBack = kNsPerHour;
// Set aside for an import file.
constexpr std::uint64_t kImportIds = std::uint64_t{1} << 22;

}  // namespace

std::uint64_t SqliteStore::MaxFileBytes() const {
  if (options_.max_file_bytes != 0) return options_.max_file_bytes;
  const std::lock_guard lock(state_mutex_);
  if (retention_.max_bytes == 0) return kDefaultMaxFileBytes;
  return std::clamp(retention_.max_bytes / 16, kMinDerivedFileBytes, kDefaultMaxFileBytes);
}

bool SqliteStore::NeedsNewFile(const OpenFile& open, const Incoming& incoming) const {
  const BlockSummary& totals = open.file->totals();
  if (totals.records == 0) return false;
  const std::optional<LogFileId> id = ParseLogFileName(open.info.name);
  const bool next_day = id && DayOf(incoming.min_received) > id->day;
  const bool stepped_back = incoming.max_received < totals.max_received - kMaxStepBack;
  return next_day || stepped_back || open.file->content_bytes() >= MaxFileBytes();
}

Result<void> SqliteStore::PrepareLive(const Incoming& incoming) {
  if (!live_.file && live_.info.number != 0)
    if (const auto opened = OpenLiveAgain(live_); !opened) return opened;
  if (incoming.records != 0 && live_.file && NeedsNewFile(live_, incoming)) CloseFile(live_);
  if (live_.file) return {};
  return BeginFile(live_, incoming.min_received);
}

// Imports have files of their own, with ids that are set aside for each: files stay in id order, so the live
// file ends where the ids of an import begin.
Result<void> SqliteStore::PrepareImport(const Incoming& incoming) {
  import_used_ = clock_();
  if (import_.file) {
    const bool full = import_.file->content_bytes() >= MaxFileBytes();
    if (!full && incoming.records <= import_end_id_ - import_next_id_) return {};
    CloseFile(import_);
  }
  const std::uint64_t ids = std::max(kImportIds, incoming.records);
  if (const auto reserved = Reserve(next_id_ + ids - 1); !reserved) return reserved;
  if (live_.file) CloseFile(live_);
  import_next_id_ = next_id_;
  import_end_id_ = next_id_ += ids;
  logs_->ForgetRecent(next_id_);
  return BeginFile(import_, incoming.min_received);
}

void SqliteStore::Adopt(OpenFile& open, const FileInfo& info, std::unique_ptr<LogFile> file) {
  ForgetSealing(open);
  open.file = std::move(file);
  open.file->at_point = options_.at_point;
  open.file->block_records = options_.block_records;
  open.info = info;
  open.info.totals = open.file->totals();
  open.inode = FileInode(logs_->PathOf(info));
  open.checkpointed_wal_bytes = 0;
  logs_->Put(open.info);
}

Result<void> SqliteStore::BeginFile(OpenFile& open, std::int64_t received) {
  FileInfo info;
  info.number = last_file_number_ + 1;
  info.name = LogFileName(info.number, received);
  info.imported = &open == &import_;
  ClientMap clients;
  {
    const std::lock_guard lock(state_mutex_);
    clients = clients_;
  }
  Result<std::unique_ptr<LogFile>> file = LogFile::Create(logs_->PathOf(info), options_.sync, clients);
  Result<void> done;
  if (file) {
    At("roll.created");
    done = catalog_->PutFile(info);
  } else {
    done = file.error();
  }
  if (!done) {
    if (file) file->reset();
    RemoveLogFile(logs_->PathOf(info));
    return Fail(done.error());
  }
  At("roll.listed");
  last_file_number_ = info.number;
  Adopt(open, info, std::move(*file));
  return {};
}

// At start the disk was too full to open the newest file.
Result<void> SqliteStore::OpenLiveAgain(OpenFile& open) {
  Result<std::unique_ptr<LogFile>> file =
      LogFile::Open(logs_->PathOf(open.info), options_.sync, /*thorough=*/true);
  if (file && !(*file)->writable()) file = StoreErrc::kCorrupt;
  if (!file && file.error() == StoreErrc::kCorrupt) {
    SetAside(*catalog_, *logs_, open.info, /*known=*/false);
    open.info = {};
    return {};
  }
  if (!file) return Fail(file.error());
  Result<ClientMap> clients = (*file)->Clients();
  if (!clients) return Fail(clients.error());
  {
    const std::lock_guard lock(state_mutex_);
    clients_ = std::move(*clients);
  }
  Adopt(open, open.info, std::move(*file));
  last_id_ = std::max(last_id_.load(), ToInt(open.info.totals.last_id));
  return {};
}

void SqliteStore::CloseFile(OpenFile& open, bool wait) {
  At("roll.begin");
  closing_.push_back(
      {.info = open.info, .file = std::move(open.file), .job = open.job, .ready = std::move(open.ready)});
  open = {};
  TryToClose(wait);
}

void SqliteStore::CheckpointIfDue(OpenFile& open) {
  const std::uint64_t wal = open.file->wal_bytes();
  if (wal < open.checkpointed_wal_bytes) open.checkpointed_wal_bytes = 0;  // it started over
  if (wal - open.checkpointed_wal_bytes < kCheckpointBytes) return;
  open.checkpointed_wal_bytes = wal;
  At("checkpoint.begin");
  if (const auto done = open.file->Checkpoint(wal >= kTruncateBytes); !done) Fail(done.error());
  At("checkpoint.done");
}

}  // namespace cistern
