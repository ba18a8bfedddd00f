// Streams of integers: as the slots of templates hold them.
//
// A stream is a description, which the directory keeps, and octets in a frame. FORMAT.md has the layout.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "storage/block/bytes.h"
#include "storage/block/frames.h"

namespace cistern {

class IntStreamWriter {
 public:
  // Writes `values`, of which there is at least one, in the way that takes least. `rows`: the row of each in
  // the block; what counts with the rows then costs nothing.
  void Write(std::span<const std::int64_t> values, std::span<const std::uint32_t> rows,
             ByteBuffer& description, FrameWriter& frames, Compressor& compressor);

 private:
  struct Choice;
  Choice Consider(std::span<const std::int64_t> values);
  void Put(const Choice& choice, ByteBuffer& description, FrameWriter& frames, Compressor& compressor);

  std::vector<std::int64_t> deltas_, from_row_;
};

// A stream that a reader found in a directory.
struct IntStream {
  std::uint8_t transform = 0, layout = 0;
  unsigned width = 0;       // bits or octets
  std::int64_t first = 0;   // delta: the first value
  std::int64_t base = 0;    // the smallest of the values that are laid out
  std::uint32_t count = 0;  // of the values that come out
  StreamPlace place;
};

// Reads the description of a stream of `count` values, at least one. False when it is malformed.
bool ReadIntStream(ByteReader& in, std::uint32_t count, FrameReader& frames, IntStream& stream);
// One value, at `position`, of which `row` is the row. False when the stream is damaged.
bool ReadOneInt(const IntStream& stream, FrameReader& frames, std::size_t position, std::uint32_t row,
                std::int64_t& value);
// Fills `out` with all values. False when the stream is damaged. `rows` as in Write().
bool DecodeIntStream(const IntStream& stream, FrameReader& frames, std::span<const std::uint32_t> rows,
                     std::vector<std::int64_t>& out);

}  // namespace cistern
