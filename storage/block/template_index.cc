#include "storage/block/template_index.h"

#include <algorithm>

namespace cistern {
namespace {

// Slots with more values, or longer ones in all, are known by their stamp alone.
constexpr std::size_t kMaxValues = 16;
constexpr std::size_t kMaxValueOctets = 512;
// Of all slots of a block, so that the index keeps to a few KB.
constexpr std::size_t kMaxListedOctets = 8 << 10;

}  // namespace

void TemplateIndexWriter::Clear() {
  templates_ = 0;
  value_octets_ = 0;
  numbers_.Clear();
  octets_.Clear();
}

void TemplateIndexWriter::Add(std::span<const std::string_view> pieces, std::uint32_t rows,
                              std::span<const StringColumn> slots, std::span<const SlotStamp> stamps) {
  ++templates_;
  numbers_.PutVarint(rows);
  numbers_.PutVarint(pieces.size());
  for (const std::string_view piece : pieces) {
    numbers_.PutVarint(piece.size());
    octets_.PutBytes(piece);
  }
  for (std::size_t i = 0; i < slots.size(); ++i) {
    PutStamp(stamps[i]);
    FindFewValues(slots[i]);
    numbers_.PutVarint(few_.size());
    for (const std::string_view value : few_) {
      numbers_.PutVarint(value.size());
      octets_.PutBytes(value);
    }
  }
}

void TemplateIndexWriter::PutStamp(const SlotStamp& stamp) {
  numbers_.PutByte(stamp.classes);
  numbers_.PutVarint(stamp.min_length);
  numbers_.PutVarint(stamp.max_length - stamp.min_length);
  if (stamp.classes & SlotStamp::kSeparators) numbers_.PutVarint(stamp.max_word);
}

// Sorted, so that they do not depend on the form of the column. None when they are too many.
void TemplateIndexWriter::FindFewValues(const StringColumn& column) {
  few_.clear();
  std::size_t octets = 0;
  const std::string_view* last = nullptr;
  for (const std::string_view& value : column.values) {
    if (last != nullptr && *last == value) continue;
    last = &value;
    if (std::find(few_.begin(), few_.end(), value) != few_.end()) continue;
    octets += value.size();
    few_.push_back(value);
    if (few_.size() <= kMaxValues && octets <= kMaxValueOctets) continue;
    few_.clear();
    return;
  }
  if (value_octets_ + octets > kMaxListedOctets) few_.clear();
  if (!few_.empty()) value_octets_ += octets;
  std::sort(few_.begin(), few_.end());
}

void TemplateIndexWriter::Finish(ByteBuffer& part) const {
  part.Clear();
  part.PutVarint(templates_);
  part.PutBytes(numbers_.view());
  part.PutBytes(octets_.view());
}

bool TemplateIndex::Read(std::string_view part, std::uint64_t rows) {
  ByteReader in(part);
  const std::uint64_t count = in.Varint();
  templates_.reserve(static_cast<std::size_t>(std::min<std::uint64_t>(count, in.left())));
  lengths_.reserve(in.left() / 4);
  listed_.reserve(in.left() / 16);
  bool whole = true;
  for (std::uint64_t i = 0; i < count && whole; ++i) whole = ReadNumbers(in);
  whole = whole && ReadOctets(in);
  for (const TextTemplate& text : templates_) rows -= text.rows;
  if (whole && rows == 0) return true;
  templates_.clear();
  return false;
}

bool TemplateIndex::ReadNumbers(ByteReader& in) {
  TextTemplate& text = templates_.emplace_back();
  text.rows = static_cast<std::uint32_t>(in.Varint());
  const std::uint64_t pieces = in.Varint();
  if (!in.ok() || pieces == 0 || (pieces - 1) > in.left() / 5) return false;  // octets that each takes
  text.pieces.resize(static_cast<std::size_t>(pieces));
  text.slots.resize(text.pieces.size() - 1);
  for (std::size_t i = 0; i < text.pieces.size(); ++i) lengths_.push_back(in.Varint());
  for (SlotStamp& stamp : text.slots) {
    stamp.classes = in.Byte();
    stamp.min_length = static_cast<std::uint32_t>(in.Varint());
    stamp.max_length = stamp.min_length + static_cast<std::uint32_t>(in.Varint());
    if (stamp.classes & SlotStamp::kSeparators) stamp.max_word = static_cast<std::uint32_t>(in.Varint());
    const std::uint64_t values = in.Varint();
    if (values > kMaxValues) return false;
    listed_.push_back(static_cast<std::uint32_t>(values));
    for (std::uint64_t i = 0; i < values; ++i) lengths_.push_back(in.Varint());
  }
  return in.ok();
}

bool TemplateIndex::ReadOctets(ByteReader& in) {
  std::size_t count = 0;
  for (const std::uint32_t values : listed_) count += values;
  values_ = std::make_unique<std::string_view[]>(count);
  std::string_view* value = values_.get();
  const std::uint64_t* length = lengths_.data();
  const std::uint32_t* listed = listed_.data();
  for (TextTemplate& text : templates_) {
    for (std::string_view& piece : text.pieces) piece = in.Bytes(*length++);
    for (SlotStamp& stamp : text.slots) {
      stamp.values = {value, *listed++};
      for (std::size_t i = 0; i < stamp.values.size(); ++i) *value++ = in.Bytes(*length++);
    }
  }
  return in.ok() && in.left() == 0;
}

}  // namespace cistern
