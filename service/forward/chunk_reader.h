// Reads what a target has to deliver: a cursor, cut into chunks, without the records that came from this
// store before, and without muted events.
//
// Threads: one at a time. Keeps one stored batch open.
#pragma once

#include <optional>
#include <vector>

#include "service/cursor/cursor.h"
#include "service/forward/sink.h"

namespace cistern {

class ChunkReader {
 public:
  enum class State { kRows, kProgress, kCaughtUp };

  // Starts behind `after`. `own` matches what has been forwarded by this store once.
  ChunkReader(Store& store, Filter filter, Filter own, RecordId after, Cursor::Imported imported)
      : cursor_(store, std::move(filter), after, imported),
        own_(std::move(own)),
        muted_(*Filter::Parse("transport:internal tag.event.muted:*")) {}

  // kRows: chunk() has rows, at most `max_rows`. kProgress: position() moved. Blocks on disk for a batch.
  Result<State> Next(std::size_t max_rows);
  Chunk chunk();
  // The first `rows` of chunk() are done with.
  void Took(std::size_t rows);
  // Everything up to here is done with, or is not to be delivered.
  RecordId position();

  std::optional<Gap> TakeGap() { return cursor_.TakeGap(); }
  // Records left out since the last call because of `own`.
  std::uint64_t TakeLoops() { return std::exchange(loops_, 0); }

 private:
  void LeaveOutOwn();
  void LeaveOutMuted();

  Cursor cursor_;
  const Filter own_, muted_;
  std::vector<std::uint32_t> rows_;  // of the open batch
  std::size_t next_ = 0, end_ = 0;   // of rows_: the chunk
  Selection selection_;
  std::uint64_t loops_ = 0;
};

}  // namespace cistern
