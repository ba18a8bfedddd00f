#include "service/cursor/cursor.h"

#include <algorithm>
#include <utility>

namespace cistern {

Cursor::Cursor(Store& store, Filter filter, RecordId after, Imported imported, Form form)
    : store_(store),
      filter_(std::move(filter)),
      imported_(imported),
      form_(form),
      scan_(ScanBehind(after)),
      position_(after) {}

std::unique_ptr<Scan> Cursor::ScanBehind(RecordId after) const {
  ScanOptions options;
  options.order = ScanOrder::kOldestFirst;
  options.id_min = ToInt(after) + 1;
  options.as_received = form_ == Form::kReceived;
  return store_.NewScan(options);
}

Result<Cursor::State> Cursor::Next() {
  auto next = scan_->Next();
  if (!next) return next.error();
  batch_ = std::move(*next);
  if (auto gap = scan_->TakeGap()) {
    gap_ = gap;
    // What went by rules stood between the records of the batch.
    const RecordId last = batch_ ? std::min(gap->last, RecordId{ToInt(batch_->first_id()) - 1}) : gap->last;
    position_ = std::max(position_, last);
  }
  if (!batch_) return State::kCaughtUp;
  SelectRows();
  if (!rows_.empty()) batch_->Check();
  if (batch_->damaged()) {
    PassDamage();
    return State::kProgress;
  }
  position_ = std::max(position_, batch_->last_id());
  return rows_.empty() ? State::kProgress : State::kMatches;
}

void Cursor::SelectRows() {
  rows_.clear();
  const auto ids = batch_->Ints(Column::kId);
  const auto behind = static_cast<std::int64_t>(ToInt(position_));
  const bool all = filter_.matches_all();
  if (!all) filter_.Evaluate(*batch_, selection_);
  const auto flags = imported_ == Imported::kSkip ? batch_->Ints(Column::kFlags) : ids.first(0);
  for (std::uint32_t row = 0; row < ids.size(); ++row) {
    if (ids[row] <= behind || (!all && selection_[row] == 0)) continue;
    if (flags.empty() || (flags[row] & kFlagImported) == 0) rows_.push_back(row);
  }
}

// The batch could not be read to its end. A second look finds what has become of it: deleted with its file,
// which is a gap; damaged, then the store leaves it out; or it can be read now.
void Cursor::PassDamage() {
  rows_.clear();
  if (read_again_at_ == position_) {
    position_ = std::max(position_, batch_->last_id());
    return;
  }
  read_again_at_ = position_;
  batch_.reset();  // tells the store what was wrong with it
  scan_ = ScanBehind(position_);
}

void Cursor::GoOnBehind(RecordId position) {
  batch_.reset();
  scan_ = ScanBehind(position);
  position_ = position;
}

std::optional<Gap> Cursor::TakeGap() { return std::exchange(gap_, std::nullopt); }

}  // namespace cistern
