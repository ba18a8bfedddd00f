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

}  // namespace

std::uint64_t SqliteStore::MaxFileBytes() const {
  if (options_.max_file_bytes != 0) return options_.max_file_bytes;
  const std::lock_guard lock(state_mutex_);
  if (retention_.max_bytes == 0) return kDefaultMaxFileBytes;
  return std::clamp(retention_.max_bytes / 16, kMinDerivedFileBytes, kDefaultMaxFileBytes);
}

bool SqliteStore::NeedsNewFile(const Incoming& incoming) const {
  const BlockSummary& totals = current_->totals();
  if (totals.records == 0) return false;
  const std::optional<LogFileId> id = ParseLogFileName(current_info_.name);
  const bool next_day = id && DayOf(incoming.min_received) > id->day;
  const bool stepped_back = incoming.max_received < totals.max_received - kMaxStepBack;
  return next_day || stepped_back || current_->content_bytes() >= MaxFileBytes();
}

Result<void> SqliteStore::PrepareFor(const Incoming& incoming) {
  if (!current_ && current_info_.number != 0)
    if (const auto opened = OpenCurrentAgain(); !opened) return opened;
  if (incoming.records != 0 && current_ && NeedsNewFile(incoming)) CloseCurrent();
  if (current_) return {};
  return BeginFile(incoming.min_received);
}

void SqliteStore::Adopt(const FileInfo& info, std::unique_ptr<LogFile> file) {
  ForgetSealing();
  current_ = std::move(file);
  current_->at_point = options_.at_point;
  current_->block_records = options_.block_records;
  current_info_ = info;
  current_info_.totals = current_->totals();
  current_inode_ = FileInode(logs_->PathOf(info));
  checkpointed_wal_bytes_ = 0;
  logs_->Put(current_info_);
}

Result<void> SqliteStore::BeginFile(std::int64_t received) {
  FileInfo info;
  info.number = last_file_number_ + 1;
  info.name = LogFileName(info.number, received);
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
  Adopt(info, std::move(*file));
  return {};
}

// At start the disk was too full to open the newest file.
Result<void> SqliteStore::OpenCurrentAgain() {
  Result<std::unique_ptr<LogFile>> file =
      LogFile::Open(logs_->PathOf(current_info_), options_.sync, /*thorough=*/true);
  if (file && !(*file)->writable()) file = StoreErrc::kCorrupt;
  if (!file && file.error() == StoreErrc::kCorrupt) {
    SetAside(*catalog_, *logs_, current_info_, /*known=*/false);
    current_info_ = {};
    return {};
  }
  if (!file) return Fail(file.error());
  Result<ClientMap> clients = (*file)->Clients();
  if (!clients) return Fail(clients.error());
  {
    const std::lock_guard lock(state_mutex_);
    clients_ = std::move(*clients);
  }
  Adopt(current_info_, std::move(*file));
  last_id_ = std::max(last_id_.load(), ToInt(current_info_.totals.last_id));
  return {};
}

void SqliteStore::CloseCurrent() {
  At("roll.begin");
  closing_.push_back(
      {.info = current_info_, .file = std::move(current_), .job = pending_job_, .ready = std::move(ready_)});
  ForgetSealing();
  current_info_ = {};
  TryToClose(/*wait=*/false);
}

void SqliteStore::CheckpointIfDue() {
  const std::uint64_t wal = current_->wal_bytes();
  if (wal < checkpointed_wal_bytes_) checkpointed_wal_bytes_ = 0;  // it started over
  if (wal - checkpointed_wal_bytes_ < kCheckpointBytes) return;
  checkpointed_wal_bytes_ = wal;
  At("checkpoint.begin");
  if (const auto done = current_->Checkpoint(wal >= kTruncateBytes); !done) Fail(done.error());
  At("checkpoint.done");
}

}  // namespace cistern
