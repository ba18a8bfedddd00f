#include "service/forward/chunk_reader.h"

#include <algorithm>

namespace cistern {
namespace {

// With a filter, the dictionaries of the stored form spare looking at each row.
Cursor::Form FormFor(const Filter& filter) {
  return filter.matches_all() ? Cursor::Form::kReceived : Cursor::Form::kStored;
}

}  // namespace

ChunkReader::ChunkReader(Store& store, const Filter& filter, Filter own, RecordId after,
                         Cursor::Imported imported, ReadPlaces& places)
    : cursor_(store, filter, after, imported, FormFor(filter)),
      own_(std::move(own)),
      muted_(*Filter::Parse("transport:internal tag.event.muted:*")),
      position_(after),
      place_(places, [this] { cursor_.LetGo(); }) {}

Result<ChunkReader::State> ChunkReader::Next(std::size_t max_rows, const Stop& stop) {
  if (next_ < rows_.size() && !place_.Hold()) {
    next_ = rows_.size();
    cursor_.GoOnBehind(position_);
  }
  if (next_ == rows_.size()) {
    const auto state = NextBatch(stop);
    if (!state || *state != State::kRows) return state;
  }
  const std::size_t count = std::min(rows_.size() - next_, std::max<std::size_t>(max_rows, 1));
  chunk_.emplace(cursor_.view(), std::span(rows_).subspan(next_, count), &place_);
  position_ = RecordId{ToInt(chunk_->ids.front()) - 1};
  return State::kRows;
}

Result<ChunkReader::State> ChunkReader::NextBatch(const Stop& stop) {
  LetGo();
  if (!place_.Enter(stop)) return State::kProgress;
  const auto state = cursor_.Next();
  if (state && *state == Cursor::State::kMatches) {
    rows_ = cursor_.rows();
    LeaveOutOwn();
    LeaveOutMuted();
  }
  if (!rows_.empty()) return State::kRows;
  LetGo();
  if (!state) return state.error();
  position_ = cursor_.position();
  return *state == Cursor::State::kCaughtUp ? State::kCaughtUp : State::kProgress;
}

void ChunkReader::LetGo() {
  place_.Hold();
  cursor_.LetGo();
  place_.Leave();
  rows_.clear();
  next_ = 0;
}

void ChunkReader::LeaveOutOwn() {
  own_.Evaluate(cursor_.view(), selection_);
  const auto ids = cursor_.view().Ints(Column::kId);
  std::erase_if(rows_, [&](std::uint32_t row) {
    if (selection_[row] != 0 && ids[row] > loops_through_) ++loops_;
    return selection_[row] != 0;
  });
  loops_through_ = std::max(loops_through_, ids.back());
}

void ChunkReader::LeaveOutMuted() {
  muted_.Evaluate(cursor_.view(), selection_);
  std::erase_if(rows_, [&](std::uint32_t row) { return selection_[row] != 0; });
}

void ChunkReader::Took(std::size_t rows) {
  rows = std::min(rows, chunk_->rows.size());
  if (rows > 0) position_ = chunk_->ids[rows - 1];
  next_ += rows;
  if (next_ == rows_.size()) position_ = cursor_.position();
  place_.Release();
}

}  // namespace cistern
