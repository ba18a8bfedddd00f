// Writes the values of one slot in the form that fits them: see FORMAT.md.
//
// Threads: one at a time.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "storage/batch_view.h"
#include "storage/block/dictionary.h"
#include "storage/block/frames.h"
#include "storage/block/hex_pattern.h"
#include "storage/block/int_stream.h"
#include "storage/block/number_pattern.h"

namespace cistern {

// Numbers on disk. Never renumber, only add.
enum class SlotKind : std::uint8_t { kConstant = 0, kStrings = 1, kDictionary = 2, kNumbers = 3, kHex = 4 };

// Strings are cut into chunks of about so many octets, each a stream of its own.
inline constexpr std::size_t kChunkBytes = 64 << 10;
// Numbers in the values of a template's slots, beyond which they stay strings: a reader makes room for each
// number of each row.
inline constexpr std::size_t kMaxTemplateNumbers = 64;

class SlotWriter {
 public:
  SlotWriter(FrameWriter& frames, Compressor& compressor) : frames_(frames), compressor_(compressor) {}

  // Before the slots of each template.
  void BeginTemplate() { numbers_left_ = kMaxTemplateNumbers; }
  // `values`: not empty. `rows`: the row of each. Appends the description, and the streams to the frames.
  // Returns the values in a form that names each only once where that is known; valid until the next call.
  StringColumn Write(std::span<const std::string_view> values, std::span<const std::uint32_t> rows,
                     ByteBuffer& description);

 private:
  using Values = std::span<const std::string_view>;
  bool Number(Values values, std::size_t limit);
  StringColumn PutConstant(std::string_view value, std::size_t count, ByteBuffer& description);
  StringColumn PutDictionary(std::span<const std::uint32_t> rows, ByteBuffer& description);
  void PutNumbers(std::size_t count, std::span<const std::uint32_t> rows, ByteBuffer& description);
  void PutHexDigits(Values values, ByteBuffer& description);
  void PutStrings(Values values, ByteBuffer& description);

  FrameWriter& frames_;
  Compressor& compressor_;
  std::size_t numbers_left_ = kMaxTemplateNumbers;
  IntStreamWriter ints_;
  Dictionary dictionary_;
  std::vector<std::uint32_t> codes_, zeros_;
  std::vector<std::int64_t> wide_codes_;
  NumberPattern numbers_;
  std::vector<std::vector<std::int64_t>> columns_;
  HexPattern hex_;
  ByteBuffer lengths_, chunks_;
};

}  // namespace cistern
