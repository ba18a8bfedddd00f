// Records that were just committed, as a batch: whole as they came, hence quick to read row by row. There is
// no dictionary and no index.
#pragma once

#include <memory>
#include <vector>

#include "storage/sqlite/recent_commits.h"
#include "storage/store.h"

namespace cistern {

class ReceivedBatch final : public StoredBatch {
 public:
  // The rows of `commit` from `first` on, which lies in it; at most kRows. Holds the whole commit.
  ReceivedBatch(std::shared_ptr<const ReceivedCommit> commit, std::uint64_t first);

  std::size_t size() const override { return rows_.size(); }
  RecordId first_id() const override { return rows_.front()->id; }
  RecordId last_id() const override { return rows_.back()->id; }
  std::int64_t min_received() const override { return min_received_; }
  std::int64_t max_received() const override { return max_received_; }
  std::uint64_t encoded_bytes() const override { return 0; }  // nothing is

  std::span<const std::int64_t> Ints(Column column) override { return view_->Ints(column); }
  StringColumn Strings(Column column) override { return view_->Strings(column); }
  PeerColumn Peers() override { return view_->Peers(); }
  Record Row(std::size_t row) override { return *rows_[row]; }

 private:
  // As many as a target takes in one go, few enough to stay in the processor's cache.
  static constexpr std::size_t kRows = 4096;

  const std::shared_ptr<const ReceivedCommit> commit_;
  std::vector<const Record*> rows_;
  std::optional<RecordsView> view_;
  std::int64_t min_received_ = INT64_MAX, max_received_ = INT64_MIN;
};

}  // namespace cistern
