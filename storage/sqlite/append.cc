// The writer's half of SqliteStore: rolling, ids, commit, checkpoints, and what to do when the disk fails.
#include <sys/stat.h>
#include <sys/statvfs.h>

#include <algorithm>

#include "storage/sqlite/recovery.h"
#include "storage/sqlite/sqlite_store.h"

namespace cistern {
namespace {

constexpr std::uint64_t kReserveAhead = std::uint64_t{1} << 20;
constexpr std::uint64_t kLastUsableId = INT64_MAX - 4 * kReserveAhead;
constexpr std::uint64_t kDefaultMaxFileBytes = std::uint64_t{4} << 30;
constexpr std::uint64_t kMinDerivedFileBytes = std::uint64_t{1} << 20;
constexpr std::uint64_t kCheckpointBytes = std::uint64_t{4} << 20;
// Readers have kept the WAL from starting over for this long: the writer waits for them, briefly.
constexpr std::uint64_t kTruncateBytes = std::uint64_t{64} << 20;
constexpr std::int64_t kCheckInterval = kNsPerSecond / 10;
// A blob holds no more than this, so that a reader's memory stays bounded.
constexpr std::size_t kMaxRowsPerBlob = 32768;
constexpr std::size_t kMaxTextPerBlob = std::size_t{4} << 20;
constexpr std::int64_t kMaxStepBack = kNsPerHour;

std::size_t TextBytes(const Record& record) {
  return record.message.size() + record.structured_data.size() + record.raw.size() + record.tags.size();
}

std::uint64_t InodeOf(const std::string& path) {
  struct stat status {};
  return ::stat(path.c_str(), &status) == 0 ? static_cast<std::uint64_t>(status.st_ino) : 0;
}

}  // namespace

Result<CommitResult> SqliteStore::Append(std::span<RecordBatch* const> batches,
                                         std::span<const ClientSequence> sequences) {
  if (const int failed = failed_) return static_cast<StoreErrc>(failed);
  Incoming incoming;
  for (const RecordBatch* batch : batches) {
    incoming.records += batch->size();
    for (const Record& record : batch->records()) {
      incoming.min_received = std::min(incoming.min_received, record.received);
      incoming.max_received = std::max(incoming.max_received, record.received);
    }
  }
  if (incoming.records == 0 && sequences.empty()) return CommitResult{last_id(), last_id(), 0, 0};
  const std::int64_t now = clock_();
  if (incoming.records == 0) incoming.min_received = incoming.max_received = now;
  if (const auto fine = CheckSurroundings(); !fine) return fine.error();
  if (const auto ready = PrepareFor(incoming); !ready) return ready.error();
  if (const auto reserved = Reserve(incoming.records); !reserved) return reserved.error();

  std::uint64_t id = next_id_;
  for (RecordBatch* batch : batches)
    for (Record& record : batch->records()) record.id = RecordId{id++};
  std::vector<TailRow> rows = Encode(batches);
  if (const auto done = Commit(rows, sequences, now); !done) return done.error();

  CommitResult result{last_id(), last_id(), incoming.records, 0};
  if (!rows.empty())
    result = {rows.front().summary.first_id, rows.back().summary.last_id, incoming.records, 0};
  for (const TailRow& row : rows) result.stored_bytes += row.blob->size();
  next_id_ = id;
  Publish(std::move(rows), sequences, now);
  CheckpointIfDue();
  return result;
}

Result<void> SqliteStore::Commit(std::span<const TailRow> rows, std::span<const ClientSequence> sequences,
                                 std::int64_t now) {
  const bool new_run = !rows.empty() && !ContinuesRun();
  if (const auto done = current_->Append(rows, sequences, new_run, now); !done) return Fail(done.error());
  return {};
}

bool SqliteStore::ContinuesRun() const {
  const BlockSummary& totals = current_->totals();
  return totals.records != 0 && ToInt(totals.last_id) + 1 == next_id_;
}

std::vector<TailRow> SqliteStore::Encode(std::span<RecordBatch* const> batches) {
  std::vector<TailRow> rows;
  std::vector<std::span<const Record>> parts;
  std::size_t records = 0, text = 0;
  const auto flush = [&] {
    if (records == 0) return;
    const std::string_view blob = encoder_.Encode(parts);
    rows.push_back({encoder_.summary(), std::make_shared<const std::string>(blob)});
    parts.clear();
    records = text = 0;
  };
  for (const RecordBatch* batch : batches) {
    std::span<const Record> rest(batch->records());
    while (!rest.empty()) {
      std::size_t taken = 0;
      while (taken < rest.size() && records < kMaxRowsPerBlob && text < kMaxTextPerBlob) {
        text += TextBytes(rest[taken++]);
        ++records;
      }
      if (taken != 0) parts.push_back(rest.first(taken));
      rest = rest.subspan(taken);
      if (!rest.empty()) flush();
    }
  }
  flush();
  return rows;
}

void SqliteStore::Publish(std::vector<TailRow> rows, std::span<const ClientSequence> sequences,
                          std::int64_t now) {
  {
    const std::lock_guard lock(state_mutex_);
    for (const ClientSequence& client : sequences) clients_[client.client_id] = {client.sequence, now};
  }
  if (rows.empty()) return;
  const RecordId last = rows.back().summary.last_id;
  current_info_.totals = current_->totals();
  std::vector<RecentBatch> committed;
  for (TailRow& row : rows) committed.push_back({row.summary, std::move(row.blob)});
  logs_->Put(current_info_, std::move(committed));
  NotifyCommit(last);
}

void SqliteStore::NotifyCommit(RecordId last) {
  {
    const std::lock_guard lock(commit_mutex_);
    last_id_.store(ToInt(last), std::memory_order_release);
  }
  commit_.notify_all();
  const std::lock_guard lock(listeners_mutex_);
  for (const auto& [token, listener] : listeners_) listener(last);
}

boost::system::error_code SqliteStore::Fail(const boost::system::error_code& error) {
  if (error == StoreErrc::kIoError || error == StoreErrc::kCorrupt) failed_ = error.value();
  return error;
}

Result<void> SqliteStore::Reserve(std::uint64_t records) {
  const std::uint64_t last = next_id_ + records - 1;
  if (records == 0 || last <= reserved_id_) return {};
  if (last > kLastUsableId) {
    logs_->Warning("record ids are used up; start a new store");
    return Fail(StoreErrc::kCorrupt);
  }
  if (const auto reserved = catalog_->Reserve(last + kReserveAhead); !reserved) return Fail(reserved.error());
  reserved_id_ = last + kReserveAhead;
  return {};
}

// Files

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
  current_ = std::move(file);
  current_info_ = info;
  current_info_.totals = current_->totals();
  current_inode_ = InodeOf(logs_->PathOf(info));
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
    done = catalog_->PutFile(info);
  } else {
    done = file.error();
  }
  if (!done) {
    if (file) file->reset();
    RemoveLogFile(logs_->PathOf(info));
    return Fail(done.error());
  }
  last_file_number_ = info.number;
  Adopt(info, std::move(*file));
  return {};
}

// At start the disk was too full to open the newest file.
Result<void> SqliteStore::OpenCurrentAgain() {
  Result<std::unique_ptr<LogFile>> file =
      LogFile::Open(logs_->PathOf(current_info_), options_.sync, /*thorough=*/true);
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
  closing_.push_back({current_info_, std::move(current_)});
  current_info_ = {};
  TryToClose();
}

void SqliteStore::TryToClose() {
  if (!closing_.empty()) logs_->readers().CloseAll();
  for (auto at = closing_.begin(); at != closing_.end();) {
    if (const auto done = at->file->Checkpoint(/*truncate=*/true); !done) {
      Fail(done.error());
      ++at;
      continue;
    }
    at->file.reset();
    at->info.bytes = FileBytesWithWal(logs_->PathOf(at->info));
    at->info.closed = true;
    (void)catalog_->PutFile(at->info);  // if not, the next start finds out by itself
    logs_->Put(at->info);
    at = closing_.erase(at);
  }
}

void SqliteStore::CheckpointIfDue() {
  const std::uint64_t wal = current_->wal_bytes();
  if (wal < checkpointed_wal_bytes_) checkpointed_wal_bytes_ = 0;  // it started over
  if (wal - checkpointed_wal_bytes_ < kCheckpointBytes) return;
  checkpointed_wal_bytes_ = wal;
  if (const auto done = current_->Checkpoint(wal >= kTruncateBytes); !done) Fail(done.error());
}

// Health

bool SqliteStore::HasSpace() const {
  struct statvfs space {};
  if (::statvfs(options_.dir.c_str(), &space) != 0) return true;  // the write will tell
  const double free = static_cast<double>(space.f_bavail), total = static_cast<double>(space.f_blocks);
  return free >= options_.free_space_reserve * total;
}

Result<void> SqliteStore::CheckSurroundings() {
  const std::int64_t now = SinceBoot();
  if (now >= space_checked_ + kCheckInterval || !space_ok_) {
    space_checked_ = now;
    space_ok_ = HasSpace();
    if (const auto there = CheckCurrentFile(); !there) return there;
  }
  if (!space_ok_) return StoreErrc::kDiskFull;
  return {};
}

// Somebody deleted or replaced the open file: what it held is lost, what comes goes to a new one.
Result<void> SqliteStore::CheckCurrentFile() {
  if (!current_) return {};
  const std::string path = logs_->PathOf(current_info_);
  if (logs_->IsDamaged(current_info_.number)) {
    LeaveDamagedFile();
  } else if (InodeOf(path) != current_inode_) {
    logs_->Warning("log file " + current_info_.name + " was deleted by somebody else; its records are lost");
    std::vector<Gap> gone;
    const BlockSummary& totals = current_info_.totals;
    if (totals.records != 0) gone.push_back({totals.first_id, totals.last_id, totals.records});
    current_.reset();
    (void)catalog_->BeginDelete(current_info_.number, gone);
    (void)catalog_->DropFile(current_info_.number);
    logs_->Remove(current_info_.number, gone);
    current_info_ = {};
  } else if (current_->wal_bytes() != 0 && !FileExists(path + "-wal")) {
    logs_->Warning("the -wal of log file " + current_info_.name +
                   " was deleted by somebody else; nothing is lost");
    CloseCurrent();
  }
  return {};
}

// What can be read of it stays. No checkpoint: it would only spread the damage or fail.
void SqliteStore::LeaveDamagedFile() {
  logs_->Warning("log file " + current_info_.name + " is damaged; new records go to a new one");
  current_.reset();
  current_info_.closed = true;
  current_info_.bytes = FileBytesWithWal(logs_->PathOf(current_info_));
  (void)catalog_->PutFile(current_info_);  // if not, the next start finds out by itself
  logs_->Put(current_info_);
  current_info_ = {};
}

Result<void> SqliteStore::CheckWritable() {
  if (const int failed = failed_) return static_cast<StoreErrc>(failed);
  if (!HasSpace()) return StoreErrc::kDiskFull;
  return {};
}

Result<void> SqliteStore::Reopen() {
  if (failed_ == 0) return {};
  logs_->readers().CloseAll();
  current_.reset();
  if (current_info_.number != 0) {
    Result<std::unique_ptr<LogFile>> file =
        LogFile::Open(logs_->PathOf(current_info_), options_.sync, /*thorough=*/true);
    if (file) {
      // The failed commit may be in the page cache without being on the disk. It is taken out, and a full
      // checkpoint makes sure that no later commit stands behind a hole in the WAL.
      const std::lock_guard lock(state_mutex_);
      if (const auto removed = (*file)->RemoveAfter(last_id_, clients_); !removed) return removed;
      if (const auto done = (*file)->Checkpoint(/*truncate=*/true); !done) return done;
    } else if (file.error() != StoreErrc::kCorrupt) {
      return file.error();
    }
    if (file) {
      Adopt(current_info_, std::move(*file));
    } else {
      SetAside(*catalog_, *logs_, current_info_, /*known=*/true);
      current_info_ = {};
    }
  }
  next_id_ = reserved_id_ + 1;
  failed_ = 0;
  TryToClose();
  return {};
}

void SqliteStore::Idle() {
  clock_guard_.Observe(clock_(), SinceBoot());
  if (failed_ != 0) return;
  TryToClose();
  if (!current_) return;
  CheckpointIfDue();
  ForgetIdleClients();
}

void SqliteStore::ForgetIdleClients() {
  const std::int64_t now = clock_();
  if (now < clients_checked_ + kNsPerHour && now >= clients_checked_) return;
  clients_checked_ = now;
  const std::int64_t idle_since = now - kClientIdleNs;
  {
    const std::lock_guard lock(state_mutex_);
    if (std::erase_if(clients_, [&](const auto& client) { return client.second.last_seen < idle_since; }) ==
        0)
      return;
  }
  if (const auto done = current_->ForgetClients(idle_since); !done) Fail(done.error());
}

}  // namespace cistern
