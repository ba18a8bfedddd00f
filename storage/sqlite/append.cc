// The writer's half of SqliteStore: ids, encoding and commit.
#include <algorithm>

#include "storage/sqlite/sqlite_store.h"

namespace cistern {
namespace {

constexpr std::uint64_t kReserveAhead = std::uint64_t{1} << 20;
constexpr std::uint64_t kMaxRowRecords = 32768;
constexpr std::uint64_t kLastUsableId = INT64_MAX - 4 * kReserveAhead;

}  // namespace

SqliteStore::Incoming SqliteStore::Measure(std::span<RecordBatch* const> batches) {
  Incoming incoming;
  for (const RecordBatch* batch : batches) {
    incoming.records += batch->size();
    for (const Record& record : batch->records()) {
      incoming.min_received = std::min(incoming.min_received, record.received);
      incoming.max_received = std::max(incoming.max_received, record.received);
      incoming.disorder = std::max(incoming.disorder, incoming.max_received - record.received);
    }
  }
  return incoming;
}

Result<CommitResult> SqliteStore::Append(std::span<RecordBatch* const> batches,
                                         std::span<const ClientSequence> sequences) {
  if (const int failed = failed_) return static_cast<StoreErrc>(failed);
  Incoming incoming = Measure(batches);
  if (incoming.records == 0 && sequences.empty()) return CommitResult{last_id(), last_id(), 0, 0};
  const std::int64_t now = clock_();
  if (incoming.records == 0) incoming.min_received = incoming.max_received = now;
  if (const auto fine = CheckSurroundings(); !fine) return fine.error();
  if (const auto ready = PrepareFor(incoming); !ready) return ready.error();
  if (const auto reserved = Reserve(incoming.records); !reserved) return reserved.error();

  std::uint64_t id = next_id_;
  for (RecordBatch* batch : batches)
    for (Record& record : batch->records()) record.id = RecordId{id++};
  std::vector<RecentBatch> rows = Encode(batches, incoming.records);
  TakeSealed();
  if (const auto done = Commit(rows, sequences, incoming.disorder, now); !done) return done.error();

  CommitResult result{last_id(), last_id(), incoming.records, 0};
  if (!rows.empty())
    result = {rows.front().summary.first_id, rows.back().summary.last_id, incoming.records, 0};
  for (const RecentBatch& row : rows) result.stored_bytes += row.bytes();
  next_id_ = id;
  Publish(std::move(rows), sequences, now);
  StartSealing();
  CheckpointIfDue();
  return result;
}

Result<void> SqliteStore::Commit(std::span<const RecentBatch> rows, std::span<const ClientSequence> sequences,
                                 std::int64_t disorder, std::int64_t now) {
  LogCommit commit{.rows = rows, .sequences = sequences, .disorder = disorder, .now = now};
  commit.new_run = !rows.empty() && !ContinuesRun();
  if (ready_) commit.sealed = &*ready_;
  Result<void> done = current_->Append(commit);
  if (!done && commit.sealed && done.error() == StoreErrc::kDiskFull) {
    commit.sealed = nullptr;  // that can wait until there is room
    done = current_->Append(commit);
  }
  if (!done) return Fail(done.error());
  if (commit.sealed) {
    PublishSealed(*ready_);
    ready_.reset();
  }
  return {};
}

bool SqliteStore::ContinuesRun() const {
  const BlockSummary& totals = current_->totals();
  return totals.records != 0 && ToInt(totals.last_id) + 1 == next_id_;
}

// A commit that is large enough becomes blocks at once, unless a few records that wait in the tail would have
// to be a tiny block of their own then.
std::vector<RecentBatch> SqliteStore::Encode(std::span<RecordBatch* const> batches, std::uint64_t records) {
  std::vector<RecentBatch> rows;
  const std::uint64_t waiting = current_->trailing_records(), enough = options_.block_records / 2;
  if (records >= enough && (waiting == 0 || waiting >= enough)) {
    const std::uint64_t blocks = BlocksFor(records, options_.block_records);
    const std::vector<BlockParts> pieces = CutCommit(batches, (records + blocks - 1) / blocks, kMaxBlockText);
    for (auto& block : pool_.Seal(pieces))
      rows.push_back({.summary = block->summary, .block = std::move(block)});
    return rows;
  }
  for (const BlockParts& piece : CutCommit(batches, kMaxRowRecords, kMaxRowText)) {
    auto blob = std::make_shared<const std::string>(encoder_.Encode(piece.parts));
    rows.push_back({.summary = encoder_.summary(), .blob = std::move(blob), .text_bytes = piece.text_bytes});
  }
  return rows;
}

void SqliteStore::Publish(std::vector<RecentBatch> rows, std::span<const ClientSequence> sequences,
                          std::int64_t now) {
  {
    const std::lock_guard lock(state_mutex_);
    for (const ClientSequence& client : sequences) clients_[client.client_id] = {client.sequence, now};
  }
  if (rows.empty()) return;
  const RecordId last = rows.back().summary.last_id;
  current_info_.totals = current_->totals();
  logs_->Put(current_info_, std::move(rows));
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

}  // namespace cistern
