#include "service/pipeline/pipeline.h"

#include <spdlog/spdlog.h>

#include <utility>

namespace cistern {
namespace {

using std::chrono::steady_clock;

constexpr auto kRetryPause = std::chrono::milliseconds(200);
constexpr auto kHousekeepingPeriod = std::chrono::seconds(1);
constexpr auto kRetentionPeriod = std::chrono::seconds(10);

const char* OperatorText(const boost::system::error_code& error) {
  if (error == StoreErrc::kDiskFull) return "disk full";
  if (error == StoreErrc::kIoError) return "I/O error";
  if (error == StoreErrc::kCorrupt) return "store corrupt";
  return "store busy";
}

}  // namespace

Pipeline::Pipeline(Store& store, Options options)
    : store_(store), observe_commit_(std::move(options.observe_commit)), queue_(options.queue) {}

Pipeline::~Pipeline() {
  if (writer_.joinable()) Stop(steady_clock::now());
}

void Pipeline::Start() {
  writer_ = std::thread([this] { Run(); });
}

void Pipeline::Stop(steady_clock::time_point deadline) {
  give_up_at_.store(deadline.time_since_epoch().count(), std::memory_order_release);
  queue_.Close();
  if (writer_.joinable()) writer_.join();
}

bool Pipeline::TryPush(std::unique_ptr<RecordBatch>& batch) {
  QueueItem item;
  item.batch = std::move(batch);
  if (queue_.TryPush(item)) return true;
  batch = std::move(item.batch);
  return false;
}

void Pipeline::Run() {
  auto next_housekeeping = steady_clock::now();
  for (;;) {
    auto items = queue_.Pop(kHousekeepingPeriod);
    if (items.empty() && queue_.closed()) break;
    if (!items.empty()) CommitBatches(std::move(items));
    if (steady_clock::now() >= next_housekeeping) {
      TickRules();
      Housekeeping();
      next_housekeeping = steady_clock::now() + kHousekeepingPeriod;
    }
  }
  FinishRules();
}

void Pipeline::CommitBatches(std::vector<QueueItem> items) {
  std::size_t bytes = 0;
  std::vector<CommitCallback> ended;
  for (QueueItem& item : items) {
    bytes += item.batch->bytes();
    if (item.ends_waits) ended.push_back(std::exchange(item.done, nullptr));
  }
  ApplyRules(items);
  Commit(std::move(items));
  if (!ended.empty()) FinishRules();
  for (const CommitCallback& tell : ended) tell({});
  queue_.Release(bytes);
}

void Pipeline::Commit(std::vector<QueueItem> items) {
  const auto owner = std::make_shared<CommittedBatches>(pool_);
  std::vector<RecordBatch*> batches;
  std::vector<ClientSequence> sequences;
  std::uint64_t records = 0;
  for (QueueItem& item : items) {
    batches.push_back(owner->Add(std::move(item.batch)));
    records += batches.back()->size();
    if (!item.sequence.client_id.empty()) sequences.push_back(item.sequence);
  }
  const auto result = AppendUntilDone(batches, sequences, owner);
  if (result) {
    for (std::size_t i = 0; i < items.size(); ++i) Account(*batches[i], items[i].imported);
  } else {
    ledger_.Dropped(result.error() == StoreErrc::kCorrupt ? DropReason::kStoreError : DropReason::kShutdown,
                    records);
  }
  const boost::system::error_code error = result ? boost::system::error_code{} : result.error();
  for (const QueueItem& item : items)
    if (item.done) item.done(error);
}

Result<CommitResult> Pipeline::AppendUntilDone(const std::vector<RecordBatch*>& batches,
                                               const std::vector<ClientSequence>& sequences,
                                               const std::shared_ptr<const void>& owner) {
  // Behind a batch that was given up nothing is stored, or a client would hear that both are.
  if (given_up_) return *given_up_;
  for (;;) {
    const auto started = steady_clock::now();
    auto result = store_.Append(batches, sequences, owner);
    if (result) {
      if (observe_commit_) {
        observe_commit_(std::chrono::duration<double>(steady_clock::now() - started).count());
      }
      if (is_degraded()) ClearDegraded();
      return result;
    }
    SetDegraded(result.error());
    if (GiveUp()) return given_up_.emplace(result.error());
    if (result.error() == StoreErrc::kDiskFull) {
      Housekeeping();
    } else if (result.error() != StoreErrc::kBusy) {
      (void)store_.Reopen();  // its failure shows in the next Append
    }
    std::this_thread::sleep_for(kRetryPause);
    if (GiveUp()) return given_up_.emplace(result.error());
  }
}

bool Pipeline::GiveUp() const {
  return steady_clock::now().time_since_epoch().count() >= give_up_at_.load(std::memory_order_acquire);
}

void Pipeline::SetDegraded(const boost::system::error_code& error) {
  const bool was = degraded_.exchange(true, std::memory_order_acq_rel);
  {
    std::lock_guard lock(mutex_);
    degraded_reason_ = OperatorText(error);
  }
  if (!was) {
    spdlog::error(
        "store cannot write: {}; stream senders wait, datagrams are dropped and counted until it can",
        error.message());
  }
}

void Pipeline::ClearDegraded() {
  {
    std::lock_guard lock(mutex_);
    degraded_reason_.clear();
  }
  degraded_.store(false, std::memory_order_release);
  spdlog::info("store writes again");
}

void Pipeline::Account(const RecordBatch& batch, bool imported) {
  std::array<std::uint64_t, kFormats> formats{};
  for (const Record& record : batch.records()) ++formats[static_cast<std::size_t>(record.format)];
  if (!imported) senders_.Observe(batch);  // it was not they who sent now
  for (std::size_t i = 0; i < kFormats; ++i) {
    if (formats[i] > 0) ledger_.Parsed(static_cast<Format>(i), formats[i]);
  }
  ledger_.Stored(batch.size());
}

void Pipeline::Housekeeping() {
  pool_->Trim();
  store_.Idle();
  const auto writable = store_.CheckWritable();
  if (!writable && !is_degraded()) {
    SetDegraded(writable.error());
  } else if (writable && is_degraded() && queue_.bytes() == 0) {
    ClearDegraded();
  } else if (!writable &&
             (writable.error() == StoreErrc::kIoError || writable.error() == StoreErrc::kCorrupt)) {
    (void)store_.Reopen();
  }
  if (steady_clock::now() < next_retention_) return;
  next_retention_ = steady_clock::now() + kRetentionPeriod;
  const auto gone = store_.ApplyRetention();
  if (!gone) {
    spdlog::warn("retention failed: {}", gone.error().message());
    return;
  }
  for (const Gap& gap : *gone) ledger_.Expired(gap.records);
}

std::string Pipeline::degraded() const {
  std::lock_guard lock(mutex_);
  return degraded_reason_;
}

}  // namespace cistern
