#include "service/forward/chunk_reader.h"

#include <algorithm>

namespace cistern {

Result<ChunkReader::State> ChunkReader::Next(std::size_t max_rows) {
  if (next_ == rows_.size()) {
    const auto state = cursor_.Next();
    if (!state) return state.error();
    next_ = end_ = 0;
    rows_.clear();
    if (*state == Cursor::State::kCaughtUp) return State::kCaughtUp;
    if (*state == Cursor::State::kProgress) return State::kProgress;
    rows_ = cursor_.rows();
    LeaveOutOwn();
    LeaveOutMuted();
    if (rows_.empty()) return State::kProgress;
  }
  end_ = std::min(rows_.size(), next_ + std::max<std::size_t>(max_rows, 1));
  return State::kRows;
}

void ChunkReader::LeaveOutOwn() {
  own_.Evaluate(cursor_.view(), selection_);
  loops_ += std::erase_if(rows_, [&](std::uint32_t row) { return selection_[row] != 0; });
}

void ChunkReader::LeaveOutMuted() {
  muted_.Evaluate(cursor_.view(), selection_);
  std::erase_if(rows_, [&](std::uint32_t row) { return selection_[row] != 0; });
}

Chunk ChunkReader::chunk() { return {cursor_.view(), std::span(rows_).subspan(next_, end_ - next_)}; }

void ChunkReader::Took(std::size_t rows) { next_ = std::min(next_ + rows, end_); }

RecordId ChunkReader::position() {
  if (next_ == rows_.size()) return cursor_.position();
  return RecordId{static_cast<std::uint64_t>(cursor_.view().Ints(Column::kId)[rows_[next_]]) - 1};
}

}  // namespace cistern
