// LogFile: what lies in the two tails, and what becomes of it.
#include <algorithm>

#include "storage/sqlite/log_file.h"

namespace cistern {
namespace {

constexpr std::uint64_t kPageBytes = 16384;
// What a row takes beside its blob.
constexpr std::uint64_t kRowBytes = 96, kBlockRowBytes = 1024;
// A tail is sealed when it holds so much; many small rows make reading slow.
constexpr std::uint64_t kTailText = std::uint64_t{8} << 20;
constexpr std::size_t kTailRows = 256;

std::int64_t Signed(std::uint64_t value) { return static_cast<std::int64_t>(value); }

// What a row adds to the file: the data of a block has pages of its own.
std::uint64_t FileBytesOf(const RecentBatch& batch) {
  if (!batch.block) return batch.blob->size() + kRowBytes;
  const std::uint64_t data = batch.block->data->size();
  return (data / kPageBytes + 1) * kPageBytes + batch.bytes() - data + kBlockRowBytes;
}

}  // namespace

void LogFile::Tail::Add(const TailEntry& entry) {
  rows.push_back(entry);
  records += entry.records;
  bytes += entry.bytes;
  text += entry.text;
}

// The transaction is through: what is known of the tails follows.
void LogFile::TakeOver(const LogCommit& commit) {
  if (commit.sealed) {
    const int emptied = commit.sealed->tail == LogTable::kTail ? 0 : 1;
    content_bytes_ -= std::min(content_bytes_, tails_[emptied].bytes);
    Tail merged;
    for (const SealedSegment& segment : commit.sealed->segments) {
      for (const RecentBatch& batch : segment.rows) {
        content_bytes_ += FileBytesOf(batch);
        if (batch.block) continue;
        merged.Add({batch.summary.first_id, batch.summary.last_id, batch.summary.records, FileBytesOf(batch),
                    batch.text_bytes});
      }
    }
    for (const TailEntry& entry : tails_[1 - emptied].rows) merged.Add(entry);
    tails_[1 - emptied] = std::move(merged);
    tails_[emptied] = {};
  }
  for (const RecentBatch& batch : commit.rows) {
    content_bytes_ += FileBytesOf(batch);
    if (batch.block) {
      trailing_records_ = 0;
      continue;
    }
    trailing_records_ += batch.summary.records;
    tails_[active_].Add({batch.summary.first_id, batch.summary.last_id, batch.summary.records,
                         FileBytesOf(batch), batch.text_bytes});
  }
}

bool LogFile::TailIsDue() const {
  const Tail& tail = tails_[active_];
  return tail.records >= block_records || tail.text >= kTailText || tail.rows.size() >= kTailRows;
}

Result<bool> LogFile::BlockWithin(std::uint64_t first, std::uint64_t last) {
  Result<Statement> any = database_.Prepare("SELECT 1 FROM block WHERE first_id BETWEEN ?1 AND ?2");
  if (!any) return {boost::system::in_place_error, any.error()};
  return any->Bind(1, Signed(first)).Bind(2, Signed(last)).Step();
}

Result<std::vector<SealSegment>> LogFile::SegmentsOf(const Tail& tail, bool closing) {
  std::vector<SealSegment> segments;
  std::uint64_t last = 0, text = 0;
  for (const TailEntry& row : tail.rows) {
    bool begins = segments.empty();
    if (!begins && ToInt(row.first) != last + 1) {
      const Result<bool> block = BlockWithin(last + 1, ToInt(row.first) - 1);
      if (!block) return block.error();
      begins = *block;
    }
    if (begins) {
      if (!segments.empty()) segments.back().to_blocks = true;  // nothing can be added to it any more
      segments.emplace_back();
      text = 0;
    }
    SealSegment& segment = segments.back();
    segment.rows.push_back({.records = row.records, .first_id = row.first, .last_id = row.last});
    segment.records += row.records;
    text += row.text;
    last = ToInt(row.last);
    segment.to_blocks = closing || segment.records >= block_records || text >= kTailText;
  }
  const Result<bool> followed = BlockWithin(last + 1, INT64_MAX);
  if (!followed) return followed.error();
  if (*followed && !segments.empty()) segments.back().to_blocks = true;
  return segments;
}

Result<SealJob> LogFile::PlanSealing(bool closing) {
  const int tail = !closing || !OtherTailIsEmpty() ? 1 - active_ : active_;
  Result<std::vector<SealSegment>> segments = SegmentsOf(tails_[tail], closing);
  if (!segments) return segments.error();
  for (SealSegment& segment : *segments) {
    const auto before = LastRowBefore(database_, version_, ToInt(segment.rows.front().first_id));
    if (!before) return before.error();
    if (*before) segment.before = (*before)->file;
    const auto after = LastRowBefore(database_, version_, ToInt(segment.rows.back().first_id) + 1);
    if (!after) return after.error();
    if (*after) segment.after = (*after)->file;
  }
  return SealJob{.tail = TableOf(tail), .segments = std::move(*segments), .block_records = block_records};
}

Result<SealedTail> LogFile::SealNow() {
  const Result<SealJob> job = PlanSealing(/*closing=*/true);
  if (!job) return job.error();
  SealTools tools;
  Result<SealedTail> sealed = SealRows(
      *job, [this](LogTable tail, const BlockSummary& row) { return TailBlob(tail, row.first_id); }, tools);
  if (!sealed) return sealed;
  LogCommit commit;
  commit.sealed = &*sealed;
  if (const auto done = Append(commit); !done) return done.error();
  return sealed;
}

Result<std::shared_ptr<const std::string>> LogFile::TailBlob(LogTable tail, RecordId first) {
  Result<Statement> get =
      database_.Prepare(std::string("SELECT blob FROM ") + TableName(tail) + " WHERE first_id=?1");
  if (!get) return get.error();
  const Result<bool> found = get->Bind(1, Signed(ToInt(first))).Step();
  if (!found) return found.error();
  if (!*found) return StoreErrc::kCorrupt;
  return std::make_shared<const std::string>(get->Blob(0));
}

}  // namespace cistern
