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
  // What a value takes at most, where that is the same for all; else 0, and MaxSize() says.
  std::size_t room() const { return room_; }
  // Both for positions that were loaded. At most MaxSize() octets are put at `to`; returns their end.
  virtual std::size_t MaxSize(std::size_t position) const = 0;
  virtual char* Put(std::size_t position, char* to) const = 0;
  // The value of all positions, when there is only one.
  virtual const std::string_view* constant() const { return nullptr; }
  // How many numbers each value is made of; 0 when it is not.
  virtual std::size_t numbers() const { return 0; }
  // All values. Everything was loaded. `arena` and the reader must outlive the column.
  virtual StringColumn Column(Arena& arena) = 0;

 protected:
  std::size_t room_ = 0;
};

// Reads the description of a slot of `count` values, at least one. Null when it is malformed. Strings in it
// are viewed, not copied.
std::unique_ptr<SlotReader> ReadSlot(ByteReader& in, std::uint32_t count, FrameReader& frames);

}  // namespace cistern
