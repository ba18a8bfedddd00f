// Reads what a target has to deliver: a cursor, cut into chunks, without the records that came from this
// store before, and without muted events.
//
// Threads: one at a time. Keeps one stored batch open, as long as it has a place.
#pragma once

#include <optional>
#include <utility>
#include <vector>

#include "service/cursor/cursor.h"
#include "service/forward/sink.h"

namespace cistern {

class ChunkReader {
 public:
  enum class State { kRows, kProgress, kCaughtUp };

  // Starts behind `after`. `own` matches what has been forwarded by this store once.
  ChunkReader(Store& store, const Filter& filter, Filter own, RecordId after, Cursor::Imported imported,
              ReadPlaces& places);

  // kRows: chunk() has rows, at most `max_rows`; it is here until Took(). kProgress: position() may have
  // moved, or it was stopped. Waits for a place and blocks on disk for a batch.
  Result<State> Next(std::size_t max_rows, const Stop& stop);
  const Chunk& chunk() const { return *chunk_; }
  // The first `rows` of chunk() are done with.
  void Took(std::size_t rows);
  // Everything up to here is done with, or is not to be delivered.
  RecordId position() const { return position_; }

  std::optional<Gap> TakeGap() { return cursor_.TakeGap(); }
  // Records left out since the last call because of `own`.
  std::uint64_t TakeLoops() { return std::exchange(loops_, 0); }

 private:
  Result<State> NextBatch(const Stop& stop);
  void LetGo();
  void LeaveOutOwn();
  void LeaveOutMuted();

  Cursor cursor_;
  const Filter own_, muted_;
  RecordId position_;
  std::vector<std::uint32_t> rows_;  // of the open batch
  std::size_t next_ = 0;             // of rows_: where the chunk begins
  std::optional<Chunk> chunk_;
  Selection selection_;
  std::uint64_t loops_ = 0;
  std::int64_t loops_through_ = 0;  // they were counted up to this id
  ReadPlace place_;                 // last: nobody takes the batch away when the rest ends
};

}  // namespace cistern
