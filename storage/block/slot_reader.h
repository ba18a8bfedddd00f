// Reads the values of one slot.
//
// Threads: one at a time.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "ingest/message/record_batch.h"
#include "storage/batch_view.h"
#include "storage/block/frames.h"
#include "storage/block/text_program.h"

namespace cistern {

class SlotReader {
 public:
  virtual ~SlotReader() = default;

  // Decodes what the values of positions [begin, end) need. `rows`: the row of each position of the slot.
  // False when a stream is damaged; then the slot must not be asked for values.
  virtual bool Load(FrameReader& frames, std::span<const std::uint32_t> rows, std::size_t begin,
                    std::size_t end) = 0;
  // Appends one value without decoding others, so far as that is possible. False when its stream is damaged.
  struct Place {
    std::size_t position = 0;  // in the slot
    std::uint32_t row = 0;     // in the column
  };
  virtual bool Append(FrameReader& frames, Place place, std::string& out) = 0;
  // Adds the printing of values to a program. Some were loaded; those that are asked for must have been.
  virtual void AddTo(TextProgram& program) const = 0;
  // How many numbers each value is made of; 0 when it is not.
  virtual std::size_t numbers() const { return 0; }
  // All values. Everything was loaded. `arena` and the reader must outlive the column.
  virtual StringColumn Column(Arena& arena) = 0;
};

// Reads the description of a slot of `count` values, at least one. Null when it is malformed. Strings in it
// are viewed, not copied.
std::unique_ptr<SlotReader> ReadSlot(ByteReader& in, std::uint32_t count, FrameReader& frames);

}  // namespace cistern
