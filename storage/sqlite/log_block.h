// Sealed blocks as batches: in a log file, where columns are fetched when asked for, or in memory.
//
// Threads: as StoredBatch. A connection is borrowed for the length of a call only.
#pragma once

#include <memory>
#include <string_view>
#include <vector>

#include "storage/sqlite/log_rows.h"
#include "storage/sqlite/log_set.h"
#include "storage/sqlite/recent_batches.h"

namespace cistern {

// Whether the rows of `batch` are those that the file's plain columns tell of.
bool SameSummary(const StoredBatch& batch, const BlockSummary& summary);

// A recent batch. kCorrupt only if memory is.
Result<std::unique_ptr<StoredBatch>> OpenRecent(const RecentBatch& recent);

class LogBlockSource;
// Why a block cannot be read though it may be well: its file is no longer what it was, or reading failed.
enum class ReadFailure { kNone, kGone, kUnreadable };

// A block in a file. Nothing but its row has been read at first. Real damage is reported to `logs` once it is
// met. A ReadFailure makes the batch damaged() as well, but is none: a later reader tries again.
class LogBlock final : public StoredBatch {
 public:
  LogBlock(std::shared_ptr<LogSet> logs, std::shared_ptr<const FileInfo> file, LogRow row);
  ~LogBlock() override;

  std::size_t size() const override { return row_.summary.records; }
  RecordId first_id() const override { return row_.summary.first_id; }
  RecordId last_id() const override { return row_.summary.last_id; }
  std::int64_t min_received() const override { return row_.summary.min_received; }
  std::int64_t max_received() const override { return row_.summary.max_received; }
  std::uint64_t encoded_bytes() const override { return row_.data_bytes; }
  std::uint64_t fetched_bytes() const override;
  std::uint64_t decoded_bytes() const override { return inner_ ? inner_->decoded_bytes() : 0; }
  bool damaged() const override { return unusable_ || (inner_ && inner_->damaged()); }
  void Check() override;
  BlockIndex* index() override;

  std::span<const std::int64_t> Ints(Column column) override;
  StringColumn Strings(Column column) override;
  StringColumn StringsOf(Column column, std::span<const std::uint8_t> selected, std::size_t begin,
                         std::size_t end) override;
  PeerColumn Peers() override;
  Record Row(std::size_t row) override;
  TemplateColumn* Templates() override;

 private:
  StoredBatch* Inner();  // null when the data cannot be used
  void Report();
  StringColumn NoStrings();

  const std::shared_ptr<LogSet> logs_;
  const std::shared_ptr<const FileInfo> file_;
  const LogRow row_;
  bool opened_ = false, unusable_ = false, reported_ = false, index_opened_ = false;
  std::shared_ptr<ReadFailure> failure_ = std::make_shared<ReadFailure>(ReadFailure::kNone);
  std::shared_ptr<std::uint64_t> fetched_ = std::make_shared<std::uint64_t>(0);
  std::unique_ptr<StoredBatch> inner_;
  std::unique_ptr<BlockIndex> index_;
  // What columns read as when there is nothing to read.
  std::vector<std::int64_t> no_ints_;
  std::vector<std::uint32_t> no_codes_;
};

}  // namespace cistern
