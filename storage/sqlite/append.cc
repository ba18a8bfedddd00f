// The writer's half of SqliteStore: ids, encoding and commit.
#include <algorithm>

#include "storage/sqlite/sqlite_store.h"

namespace cistern {
namespace {

constexpr std::uint64_t kReserveAhead = std::uint64_t{1} << 20;
constexpr std::uint64_t kMaxRowRecords = 32768;
// Of a tail row that is not compressed, because it is encoded again soon. 20 a second of this size write no
// more than any disk takes; more stay compressed, and those that sealing has fallen behind with.
constexpr std::uint64_t kMaxPlainText = std::uint64_t{1} << 20;
constexpr std::uint64_t kLastUsableId = INT64_MAX - 4 * kReserveAhead;

// Null where it does not pay: small commits are quick to decode, are soon merged into larger rows, which
// suits a target that waits for an answer after each chunk, and small batches hold more memory than they use.
RecentCommits::Commit Received(std::span<RecordBatch* const> batches, const CommitResult& commit,
                               std::uint64_t block_records, std::shared_ptr<const void> owner) {
  const bool large = commit.records >= std::max<std::uint64_t>(block_records / 8, 1);
  if (!large || batches.size() * block_records > commit.records * 128) return nullptr;
  auto received = std::make_shared<ReceivedCommit>();
  received->owner = std::move(owner);
  received->batches.assign(batches.begin(), batches.end());
  received->first_id = commit.first;
  received->last_id = commit.last;
  for (const RecordBatch* batch : batches) received->bytes += batch->bytes();
  return received;
}

}  // namespace

SqliteStore::Incoming SqliteStore::Measure(std::span<RecordBatch* const> batches) {
  Incoming incoming;
  for (const RecordBatch* batch : batches) {
    incoming.records += batch->size();
    for (const Record& record : batch->records()) {
      incoming.imported += (record.flags & kFlagImported) != 0 ? 1u : 0u;
      incoming.min_received = std::min(incoming.min_received, record.received);
      incoming.max_received = std::max(incoming.max_received, record.received);
      incoming.disorder = std::max(incoming.disorder, incoming.max_received - record.received);
    }
  }
  return incoming;
}

Result<CommitResult> SqliteStore::Append(std::span<RecordBatch* const> batches,
                                         std::span<const ClientSequence> sequences,
                                         std::shared_ptr<const void> owner) {
  if (const int failed = failed_) return static_cast<StoreErrc>(failed);
  Incoming incoming = Measure(batches);
  if (incoming.records == 0 && sequences.empty()) return CommitResult{last_id(), last_id(), 0, 0};
  const std::int64_t now = clock_();
  if (incoming.records == 0) incoming.min_received = incoming.max_received = now;
  if (const auto fine = CheckSurroundings(); !fine) return fine.error();
  const bool imported = incoming.records != 0 && incoming.imported == incoming.records;
  if (const auto ready = imported ? PrepareImport(incoming) : PrepareLive(incoming); !ready)
    return ready.error();
  OpenFile& open = imported ? import_ : live_;
  std::uint64_t& next_id = imported ? import_next_id_ : next_id_;
  if (const auto reserved = Reserve(next_id + incoming.records - 1); !reserved) return reserved.error();

  std::uint64_t id = next_id;
  for (RecordBatch* batch : batches)
    for (Record& record : batch->records()) record.id = RecordId{id++};
  std::vector<RecentBatch> rows = Encode(open, batches, incoming.records);
  TakeSealed();
  if (const auto done = Commit(open, rows, next_id, sequences, incoming.disorder, now); !done)
    return done.error();

  CommitResult result{last_id(), last_id(), incoming.records, 0};
  if (!rows.empty())
    result = {rows.front().summary.first_id, rows.back().summary.last_id, incoming.records, 0};
  for (const RecentBatch& row : rows) result.stored_bytes += row.bytes();
  next_id = id;
  RecentCommits::Commit received;
  if (owner && !imported) received = Received(batches, result, options_.block_records, std::move(owner));
  Publish(open, std::move(rows), std::move(received), sequences, now);
  StartSealing(open);
  CheckpointIfDue(open);
  return result;
}

Result<void> SqliteStore::Commit(OpenFile& open, std::span<const RecentBatch> rows, std::uint64_t first_id,
                                 std::span<const ClientSequence> sequences, std::int64_t disorder,
                                 std::int64_t now) {
  LogCommit commit{.rows = rows, .sequences = sequences, .disorder = disorder, .now = now};
  const BlockSummary& totals = open.file->totals();
  commit.new_run = !rows.empty() && (totals.records == 0 || ToInt(totals.last_id) + 1 != first_id);
  if (open.ready) commit.sealed = &*open.ready;
  Result<void> done = open.file->Append(commit);
  if (!done && commit.sealed && done.error() == StoreErrc::kDiskFull) {
    commit.sealed = nullptr;  // that can wait until there is room
    done = open.file->Append(commit);
  }
  if (!done) return Fail(done.error());
  if (commit.sealed) {
    PublishSealed(*open.ready);
    open.ready.reset();
  }
  return {};
}

// A commit that is large enough becomes blocks at once, unless a few records that wait in the tail would have
// to be a tiny block of their own then.
std::vector<RecentBatch> SqliteStore::Encode(OpenFile& open, std::span<RecordBatch* const> batches,
                                             std::uint64_t records) {
  std::vector<RecentBatch> rows;
  const std::uint64_t waiting = open.file->trailing_records(), enough = options_.block_records / 2;
  if (records >= enough && (waiting == 0 || waiting >= enough)) {
    const std::uint64_t blocks = BlocksFor(records, options_.block_records);
    const std::vector<BlockParts> pieces = CutCommit(batches, (records + blocks - 1) / blocks, kMaxBlockText);
    for (auto& block : pool_.Seal(pieces))
      rows.push_back({.summary = block->summary, .block = std::move(block)});
    return rows;
  }
  for (const BlockParts& piece : CutCommit(batches, kMaxRowRecords, kMaxRowText)) {
    const bool plain = piece.text_bytes <= kMaxPlainText && !open.file->TailIsDue();
    const Packing packing = plain ? Packing::kPlain : Packing::kCompressed;
    auto blob = std::make_shared<const std::string>(encoder_.Encode(piece.parts, packing));
    rows.push_back({.summary = encoder_.summary(), .blob = std::move(blob), .text_bytes = piece.text_bytes});
  }
  return rows;
}

void SqliteStore::Publish(OpenFile& open, std::vector<RecentBatch> rows, RecentCommits::Commit received,
                          std::span<const ClientSequence> sequences, std::int64_t now) {
  {
    const std::lock_guard lock(state_mutex_);
    for (const ClientSequence& client : sequences) clients_[client.client_id] = {client.sequence, now};
  }
  if (rows.empty()) return;
  const RecordId last = rows.back().summary.last_id;
  open.info.totals = open.file->totals();
  if (&open == &import_) rows.clear();  // memory holds what is live, in one unbroken sequence
  logs_->Put(open.info, std::move(rows), std::move(received));
  NotifyCommit(last);
}

void SqliteStore::NotifyCommit(RecordId last) {
  {
    const std::lock_guard lock(commit_mutex_);
    last = std::max(last, last_id());  // imports have smaller ids than what is live
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

Result<void> SqliteStore::Reserve(std::uint64_t last) {
  if (last <= reserved_id_) return {};
  if (last > kLastUsableId) {
    logs_->Warning("record ids are used up; start a new store");
    return Fail(StoreErrc::kCorrupt);
  }
  if (const auto reserved = catalog_->Reserve(last + kReserveAhead); !reserved) return Fail(reserved.error());
  reserved_id_ = last + kReserveAhead;
  return {};
}

}  // namespace cistern
