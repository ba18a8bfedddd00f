#include "storage/sqlite/sealing.h"

#include <algorithm>
#include <chrono>

#include "storage/thread_priority.h"

namespace cistern {
namespace {

constexpr auto kToolsKept = std::chrono::seconds(10);  // without a job

// Collects the records of a segment row by row and hands them out in even pieces.
class Pieces {
 public:
  Pieces(const SealSegment& segment, std::uint64_t block_records, SealTools& tools,
         std::vector<RecentBatch>& out)
      : to_blocks_(segment.to_blocks), tools_(tools), records_(tools.records), out_(out) {
    const std::uint64_t pieces = to_blocks_ ? BlocksFor(segment.records, block_records) : 1;
    target_ = (segment.records + pieces - 1) / pieces;
    max_text_ = to_blocks_ ? kMaxBlockText : kMaxRowText;
    records_.clear();
    records_.reserve(target_);
  }

  void Add(std::unique_ptr<StoredBatch> batch) {
    for (std::size_t row = 0; row < batch->size(); ++row) {
      if (records_.size() == target_ || text_ >= max_text_) Flush();
      records_.push_back(batch->Row(row));
      text_ += TextBytes(records_.back());
    }
    batches_.push_back(std::move(batch));
  }

  void Flush() {
    if (records_.empty()) return;
    const std::span<const Record> parts[] = {records_};
    RecentBatch& piece = out_.emplace_back();
    piece.text_bytes = text_;
    if (to_blocks_) {
      piece.block = std::make_shared<const SealedBlock>(tools_.sealer.Seal(parts));
      piece.summary = piece.block->summary;
    } else {
      piece.blob = std::make_shared<const std::string>(tools_.encoder.Encode(parts));
      piece.summary = tools_.encoder.summary();
    }
    records_.clear();
    text_ = 0;
    batches_.clear();  // the row that is being added is not among them yet
  }

 private:
  const bool to_blocks_;
  SealTools& tools_;
  std::vector<Record>& records_;
  std::vector<RecentBatch>& out_;
  std::uint64_t target_ = 0, max_text_ = 0, text_ = 0;
  std::vector<std::unique_ptr<StoredBatch>> batches_;  // own the texts of records_
};

Result<std::unique_ptr<StoredBatch>> OpenRow(const SealJob& job, const BlockSummary& row,
                                             const ReadTailBlob& read) {
  Result<std::shared_ptr<const std::string>> blob = read(job.tail, row);
  if (!blob) return blob.error();
  if (!*blob) return StoreErrc::kCorrupt;
  if (const auto checked = CheckBlock(**blob); !checked) return checked.error();
  Result<std::unique_ptr<StoredBatch>> batch = OpenBlock(std::move(*blob));
  if (!batch) return batch.error();
  (*batch)->Row(0);  // decodes every column
  if ((*batch)->damaged() || (*batch)->first_id() != row.first_id || (*batch)->size() != row.records)
    return StoreErrc::kCorrupt;
  return batch;
}

}  // namespace

std::uint64_t TextBytes(const Record& record) {
  return record.message.size() + record.structured_data.size() + record.raw.size() + record.tags.size();
}

Result<SealedTail> SealRows(const SealJob& job, const ReadTailBlob& read, SealTools& tools) {
  SealedTail sealed{job.number, job.tail, {}};
  for (const SealSegment& segment : job.segments) {
    SealedSegment& out = sealed.segments.emplace_back();
    out.before = segment.before;
    out.after = segment.after;
    Pieces pieces(segment, job.block_records, tools, out.rows);
    for (const BlockSummary& row : segment.rows) {
      Result<std::unique_ptr<StoredBatch>> batch = OpenRow(job, row, read);
      if (!batch) return batch.error();
      pieces.Add(std::move(*batch));
    }
    pieces.Flush();
    std::uint64_t records = 0;
    for (const RecentBatch& row : out.rows) records += row.summary.records;
    if (records != segment.records) return StoreErrc::kCorrupt;
  }
  return sealed;
}

Sealer::Sealer(Run run) : run_(std::move(run)) {}

Sealer::~Sealer() {
  thread_.request_stop();
  if (thread_.joinable()) thread_.join();
}

void Sealer::Start(SealJob job) {
  const std::lock_guard lock(mutex_);
  jobs_.push_back(std::move(job));
  if (!thread_.joinable()) thread_ = std::jthread([this](const std::stop_token& stop) { Work(stop); });
  wake_.notify_one();
}

std::optional<Sealer::Done> Sealer::Take() {
  const std::lock_guard lock(mutex_);
  if (done_.empty()) return std::nullopt;
  std::optional<Done> done(std::move(done_.front()));
  done_.pop_front();
  return done;
}

void Sealer::Work(const std::stop_token& stop) {
  SetThreadPriority(ThreadPriority::kReader);
  const auto has_job = [this] { return !jobs_.empty(); };
  std::unique_ptr<SealTools> tools;
  std::unique_lock lock(mutex_);
  for (;;) {
    if (tools && !wake_.wait_for(lock, stop, kToolsKept, has_job)) tools.reset();
    if (!wake_.wait(lock, stop, has_job) || stop.stop_requested()) return;
    if (!tools) tools = std::make_unique<SealTools>();
    const SealJob job = std::move(jobs_.front());
    jobs_.pop_front();
    lock.unlock();
    Result<SealedTail> result = run_(job, *tools);
    lock.lock();
    done_.push_back({job.number, std::move(result)});
  }
}

}  // namespace cistern
