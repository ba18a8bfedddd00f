#include "storage/block/slot_reader.h"

#include <algorithm>
#include <cstring>

#include "storage/block/hex_pattern.h"
#include "storage/block/int_stream.h"
#include "storage/block/number_pattern.h"
#include "storage/block/slot_writer.h"

namespace cistern {
namespace {

// Strings in chunks, as a slot holds them or a dictionary.
class Strings {
 public:
  bool Read(ByteReader& in, std::uint64_t count, FrameReader& frames) {
    std::uint64_t values = 0;
    for (std::uint64_t chunks = in.Varint(); chunks != 0; --chunks) {
      Chunk& chunk = chunks_.emplace_back();
      chunk.begin = static_cast<std::size_t>(values);
      const std::uint64_t taken = in.Varint(), lengths = in.Varint(), octets = in.Varint();
      // A length takes an octet at least, so no more room is made than octets are there.
      if (!in.ok() || taken == 0 || taken > count - values || lengths < taken) return false;
      values += taken;
      chunk.lengths = lengths;
      if (octets > UINT64_MAX - lengths || !frames.Next(StreamKind::kPlain, lengths + octets, chunk.place))
        return false;
    }
    count_ = static_cast<std::size_t>(count);
    return values == count;
  }
  bool Load(FrameReader& frames, std::size_t begin, std::size_t end) {
    values_.resize(count_);
    const auto later = [](std::size_t position, const Chunk& chunk) { return position < chunk.begin; };
    auto chunk = std::upper_bound(chunks_.begin(), chunks_.end(), begin, later);
    if (chunk != chunks_.begin()) --chunk;
    for (; chunk != chunks_.end() && chunk->begin < end; ++chunk) {
      const std::size_t chunk_end = chunk + 1 != chunks_.end() ? (chunk + 1)->begin : count_;
      if (!LoadChunk(frames, *chunk, chunk_end)) return false;
    }
    return true;
  }
  // One value, without keeping others.
  bool Get(FrameReader& frames, std::size_t position, std::string_view& value) const {
    const auto later = [](std::size_t at, const Chunk& chunk) { return at < chunk.begin; };
    const auto chunk = std::prev(std::upper_bound(chunks_.begin(), chunks_.end(), position, later));
    const auto stream = frames.Read(chunk->place);
    if (!stream) return false;
    ByteReader octets(*stream);
    ByteReader lengths(octets.Bytes(chunk->lengths));
    for (std::size_t i = chunk->begin; i < position; ++i) octets.Bytes(lengths.Varint());
    value = octets.Bytes(lengths.Varint());
    return octets.ok() && lengths.ok();
  }
  std::span<const std::string_view> values() const { return values_; }

 private:
  struct Chunk {
    std::size_t begin = 0;  // position of its first value
    std::uint64_t lengths = 0;
    StreamPlace place;
    bool loaded = false;
  };
  bool LoadChunk(FrameReader& frames, Chunk& chunk, std::size_t end) {
    if (chunk.loaded) return true;
    const auto stream = frames.Read(chunk.place);
    if (!stream) return false;
    ByteReader octets(*stream);
    ByteReader lengths(octets.Bytes(chunk.lengths));
    for (std::size_t i = chunk.begin; i < end; ++i) values_[i] = octets.Bytes(lengths.Varint());
    chunk.loaded = octets.ok() && lengths.ok() && octets.left() == 0 && lengths.left() == 0;
    return chunk.loaded;
  }

  std::size_t count_ = 0;
  std::vector<Chunk> chunks_;
  std::vector<std::string_view> values_;
};

class ConstantSlot final : public SlotReader {
 public:
  ConstantSlot(std::string_view value, std::uint32_t count) : value_(value), count_(count) {}
  bool Load(FrameReader&, std::span<const std::uint32_t>, std::size_t, std::size_t) override { return true; }
  bool Append(FrameReader&, Place, std::string& out) override {
    out.append(value_);
    return true;
  }
  void AddTo(TextProgram& program) const override { program.AddLiteral(value_); }
  StringColumn Column(Arena&) override {
    codes_.resize(count_);
    return {{&value_, 1}, codes_};
  }

 private:
  const std::string_view value_;
  const std::size_t count_;
  std::vector<std::uint32_t> codes_;
};

class StringSlot final : public SlotReader {
 public:
  bool Read(ByteReader& in, std::uint32_t count, FrameReader& frames) {
    return strings_.Read(in, count, frames);
  }
  bool Load(FrameReader& frames, std::span<const std::uint32_t>, std::size_t begin,
            std::size_t end) override {
    return strings_.Load(frames, begin, end);
  }
  bool Append(FrameReader& frames, Place place, std::string& out) override {
    std::string_view value;
    if (!strings_.Get(frames, place.position, value)) return false;
    out.append(value);
    return true;
  }
  void AddTo(TextProgram& program) const override { program.AddValues({strings_.values(), {}}); }
  StringColumn Column(Arena&) override { return {strings_.values(), {}}; }

 private:
  Strings strings_;
};

class DictionarySlot final : public SlotReader {
 public:
  bool Read(ByteReader& in, std::uint32_t count, FrameReader& frames) {
    distinct_ = in.Varint();
    return distinct_ != 0 && distinct_ <= count && strings_.Read(in, distinct_, frames) &&
           ReadIntStream(in, count, frames, stream_);
  }
  bool Load(FrameReader& frames, std::span<const std::uint32_t> rows, std::size_t, std::size_t) override {
    if (!codes_.empty()) return true;
    std::vector<std::int64_t> wide;
    if (!strings_.Load(frames, 0, static_cast<std::size_t>(distinct_)) ||
        !DecodeIntStream(stream_, frames, rows, wide))
      return false;
    for (const std::int64_t code : wide)
      if (static_cast<std::uint64_t>(code) >= distinct_) return false;
    codes_.assign(wide.begin(), wide.end());
    return true;
  }
  bool Append(FrameReader& frames, Place place, std::string& out) override {
    std::int64_t code = 0;
    std::string_view value;
    if (!ReadOneInt(stream_, frames, place.position, place.row, code) ||
        static_cast<std::uint64_t>(code) >= distinct_ ||
        !strings_.Get(frames, static_cast<std::size_t>(code), value))
      return false;
    out.append(value);
    return true;
  }
  void AddTo(TextProgram& program) const override { program.AddValues({strings_.values(), codes_}); }
  StringColumn Column(Arena&) override { return {strings_.values(), codes_}; }

 private:
  std::uint64_t distinct_ = 0;
  Strings strings_;
  IntStream stream_;
  std::vector<std::uint32_t> codes_;
};

// Values that are printed when asked for.
class PrintedSlot : public SlotReader {
 public:
  explicit PrintedSlot(std::uint32_t count) : count_(count) {}
  StringColumn Column(Arena& arena) override {
    TextProgram program;
    AddTo(program);
    program.Finish();
    for (std::size_t i = values_.size(); i < count_; ++i) {
      const std::size_t room = program.Room(i);
      char* const start = arena.Allocate(room);
      const auto size = static_cast<std::size_t>(program.Print(i, start) - start);
      arena.Shrink(start, room, size);
      values_.emplace_back(start, size);
    }
    return {values_, {}};
  }

 protected:
  const std::size_t count_;

 private:
  std::vector<std::string_view> values_;
};

class NumberSlot final : public PrintedSlot {
 public:
  using PrintedSlot::PrintedSlot;
  bool Read(ByteReader& in, FrameReader& frames) {
    if (!ReadPattern(in, pattern_)) return false;
    streams_.resize(pattern_.widths.size());
    for (IntStream& stream : streams_)
      if (!ReadIntStream(in, static_cast<std::uint32_t>(count_), frames, stream)) return false;
    return true;
  }
  bool Load(FrameReader& frames, std::span<const std::uint32_t> rows, std::size_t, std::size_t) override {
    if (!columns_.empty()) return true;
    std::vector<std::vector<std::int64_t>> columns(streams_.size());
    for (std::size_t n = 0; n < streams_.size(); ++n)
      if (!DecodeIntStream(streams_[n], frames, rows, columns[n])) return false;
    columns_ = std::move(columns);
    return true;
  }
  bool Append(FrameReader& frames, Place place, std::string& out) override {
    char digits[kMaxPrinted];
    for (std::size_t n = 0; n < streams_.size(); ++n) {
      std::int64_t number = 0;
      if (!ReadOneInt(streams_[n], frames, place.position, place.row, number)) return false;
      out.append(pattern_.literals[n]);
      out.append(digits, PrintNumber(number, pattern_.widths[n], digits));
    }
    out.append(pattern_.literals.back());
    return true;
  }
  std::size_t numbers() const override { return streams_.size(); }
  void AddTo(TextProgram& program) const override {
    for (std::size_t n = 0; n < columns_.size(); ++n) {
      program.AddLiteral(pattern_.literals[n]);
      program.AddNumbers(columns_[n], pattern_.widths[n]);
    }
    program.AddLiteral(pattern_.literals.back());
  }

 private:
  NumberPattern pattern_;
  std::vector<IntStream> streams_;
  std::vector<std::vector<std::int64_t>> columns_;
};

class HexSlot final : public PrintedSlot {
 public:
  using PrintedSlot::PrintedSlot;
  bool Read(ByteReader& in, FrameReader& frames) {
    if (!ReadPattern(in, pattern_)) return false;
    return frames.Next(StreamKind::kPacked, HexOctets(count_, pattern_.places.size()), place_);
  }
  bool Load(FrameReader& frames, std::span<const std::uint32_t>, std::size_t, std::size_t) override {
    const auto octets = frames.Read(place_);
    if (octets) octets_ = *octets;
    return octets.has_value();
  }
  bool Append(FrameReader& frames, Place place, std::string& out) override {
    char text[HexPattern::kMaxLength];
    if (!Load(frames, {}, 0, 0)) return false;
    out.append(text, PrintHex(pattern_, octets_, place.position, text));
    return true;
  }
  void AddTo(TextProgram& program) const override { program.AddHex(pattern_, octets_); }

 private:
  HexPattern pattern_;
  StreamPlace place_;
  std::string_view octets_;
};

template <class Slot, class... Args>
std::unique_ptr<SlotReader> ReadAs(std::unique_ptr<Slot> slot, Args&&... args) {
  if (!slot->Read(std::forward<Args>(args)...)) return nullptr;
  return slot;
}

}  // namespace

std::unique_ptr<SlotReader> ReadSlot(ByteReader& in, std::uint32_t count, FrameReader& frames) {
  if (count == 0) return nullptr;
  switch (static_cast<SlotKind>(in.Byte())) {
    case SlotKind::kConstant: {
      const std::string_view value = in.Bytes(in.Varint());
      if (!in.ok()) return nullptr;
      return std::make_unique<ConstantSlot>(value, count);
    }
    case SlotKind::kStrings:
      return ReadAs(std::make_unique<StringSlot>(), in, count, frames);
    case SlotKind::kDictionary:
      return ReadAs(std::make_unique<DictionarySlot>(), in, count, frames);
    case SlotKind::kNumbers:
      return ReadAs(std::make_unique<NumberSlot>(count), in, frames);
    case SlotKind::kHex:
      return ReadAs(std::make_unique<HexSlot>(count), in, frames);
  }
  return nullptr;
}

}  // namespace cistern
