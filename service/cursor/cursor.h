// A cursor: a position in the store and a filter. Tails, targets and detections are cursors.
//
// Threads: one at a time. Holds no transaction between calls, so a slow user never slows ingest and never
// pins a file. Lifetime: the store outlives the cursor.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "storage/filter/filter.h"
#include "storage/query/query.h"
#include "storage/store.h"

namespace cistern {

class Cursor {
 public:
  enum class Imported { kSkip, kInclude };
  // The form of the newest batches: kReceived is quick for those who take every row, and has no index.
  enum class Form { kStored, kReceived };

  // Starts behind `after`; 0 starts at the oldest stored record. Records from an archive match only when
  // asked for.
  Cursor(Store& store, Filter filter, RecordId after, Imported imported = Imported::kSkip,
         Form form = Form::kStored);

  enum class State {
    kMatches,   // rows() of view() match
    kProgress,  // a batch was passed without a match
    kCaughtUp,  // nothing is stored behind position()
  };
  // Evaluates the next stored batch. Blocks on disk for one batch at most.
  Result<State> Next();

  // Closes the batch; what was told of it stays true.
  void LetGo() { batch_.reset(); }
  // What is behind `position` is evaluated again.
  void GoOnBehind(RecordId position);

  // The batch of the last Next() that returned kMatches and its matching rows, ascending by id.
  BatchView& view() { return *batch_; }
  // Of the whole batch; null where there is none.
  BlockIndex* index() { return batch_->index(); }
  const std::vector<std::uint32_t>& rows() const { return rows_; }

  // Everything up to here has been evaluated: a new cursor behind it continues without gap or duplicate.
  RecordId position() const { return position_; }
  // Records that retention took before they could be read, from before or between the rows; reset by the
  // call.
  std::optional<Gap> TakeGap();

 private:
  std::unique_ptr<Scan> ScanBehind(RecordId after) const;
  void SelectRows();
  void PassDamage();

  Store& store_;
  const Filter filter_;
  const Imported imported_;
  const Form form_;
  std::unique_ptr<Scan> scan_;
  std::unique_ptr<StoredBatch> batch_;
  std::vector<std::uint32_t> rows_;
  Selection selection_;
  std::optional<Gap> gap_;
  RecordId position_;
  std::optional<RecordId> read_again_at_;
};

}  // namespace cistern
