#include "storage/sqlite/received_batch.h"

#include <algorithm>
#include <utility>

namespace cistern {

ReceivedBatch::ReceivedBatch(std::shared_ptr<const ReceivedCommit> commit, std::uint64_t first)
    : commit_(std::move(commit)) {
  rows_.reserve(kRows);
  std::uint64_t passed = first - ToInt(commit_->first_id);
  for (const RecordBatch* batch : commit_->batches) {
    const std::uint64_t skipped = std::min<std::uint64_t>(passed, batch->size());
    passed -= skipped;
    const auto left = std::span(batch->records()).subspan(skipped);
    for (const Record& record : left.first(std::min(left.size(), kRows - rows_.size()))) {
      rows_.push_back(&record);
      min_received_ = std::min(min_received_, record.received);
      max_received_ = std::max(max_received_, record.received);
    }
    if (rows_.size() == kRows) break;
  }
  view_.emplace(rows_);
}

}  // namespace cistern
