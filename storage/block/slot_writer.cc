#include "storage/block/slot_writer.h"

#include <algorithm>

#include "storage/block/short_copy.h"

namespace cistern {
namespace {

constexpr std::size_t kSample = 32, kRepeatsOfSample = 8;

bool AllEqual(std::span<const std::string_view> values) {
  return std::all_of(values.begin() + 1, values.end(),
                     [&](std::string_view value) { return EqualShort(value, values[0]); });
}

// Whether a few values, taken from everywhere, hold many that are equal.
bool LooksRepetitive(std::span<const std::string_view> values) {
  if (values.size() < kSample * 2) return false;
  std::string_view sample[kSample];
  std::size_t repeats = 0;
  for (std::size_t i = 0; i < kSample; ++i) {
    sample[i] = values[i * (values.size() / kSample)];
    const auto equal = [&](std::string_view value) { return EqualShort(value, sample[i]); };
    repeats += std::any_of(sample, sample + i, equal);
  }
  return repeats >= kRepeatsOfSample;
}

}  // namespace

// Numbers the distinct values; false once there are more than `limit`.
bool SlotWriter::Number(Values values, std::size_t limit) {
  dictionary_.Clear();
  codes_.clear();
  for (const std::string_view value : values) {
    codes_.push_back(dictionary_.Add(value));
    if (codes_.back() >= limit) return false;
  }
  return true;
}

StringColumn SlotWriter::Write(Values values, std::span<const std::uint32_t> rows, ByteBuffer& description) {
  if (AllEqual(values)) return PutConstant(values[0], values.size(), description);
  const bool repetitive = LooksRepetitive(values);
  if (repetitive && Number(values, values.size() / 8)) return PutDictionary(rows, description);
  if (FindNumberPattern(values, numbers_, columns_) && numbers_.widths.size() <= numbers_left_) {
    numbers_left_ -= numbers_.widths.size();
    PutNumbers(values.size(), rows, description);
  } else if (FindHexPattern(values, hex_)) {
    PutHexDigits(values, description);
  } else if (Number(values, values.size() / 2)) {
    return PutDictionary(rows, description);
  } else {
    description.PutByte(static_cast<std::uint8_t>(SlotKind::kStrings));
    PutStrings(values, description);
  }
  return {values, {}};
}

StringColumn SlotWriter::PutConstant(std::string_view value, std::size_t count, ByteBuffer& description) {
  description.PutByte(static_cast<std::uint8_t>(SlotKind::kConstant));
  description.PutVarint(value.size());
  description.PutBytes(value);
  dictionary_.Clear();
  dictionary_.Add(value);
  zeros_.resize(std::max(zeros_.size(), count));
  return {dictionary_.values(), std::span(zeros_).first(count)};
}

StringColumn SlotWriter::PutDictionary(std::span<const std::uint32_t> rows, ByteBuffer& description) {
  description.PutByte(static_cast<std::uint8_t>(SlotKind::kDictionary));
  description.PutVarint(dictionary_.values().size());
  PutStrings(dictionary_.values(), description);
  wide_codes_.assign(codes_.begin(), codes_.end());
  ints_.Write(wide_codes_, rows, description, frames_, compressor_);
  return {dictionary_.values(), codes_};
}

void SlotWriter::PutNumbers(std::size_t count, std::span<const std::uint32_t> rows, ByteBuffer& description) {
  description.PutByte(static_cast<std::uint8_t>(SlotKind::kNumbers));
  WritePattern(numbers_, description);
  for (std::size_t n = 0; n < numbers_.widths.size(); ++n)
    ints_.Write(std::span(columns_[n]).first(count), rows, description, frames_, compressor_);
}

void SlotWriter::PutHexDigits(Values values, ByteBuffer& description) {
  description.PutByte(static_cast<std::uint8_t>(SlotKind::kHex));
  WritePattern(hex_, description);
  PutHex(values, hex_, frames_.Begin(StreamKind::kPacked));
  frames_.EndStream(StreamKind::kPacked, compressor_);
}

// The number of chunks; of each chunk its values, the octets of their lengths and their own octets.
void SlotWriter::PutStrings(Values values, ByteBuffer& description) {
  chunks_.Clear();
  std::size_t count = 0;
  for (; !values.empty(); ++count) {
    lengths_.Clear();
    std::size_t taken = 0, octets = 0;
    for (; taken < values.size() && octets < kChunkBytes; ++taken) {
      octets += values[taken].size();
      lengths_.PutVarint(values[taken].size());
    }
    ByteBuffer& out = frames_.Begin(StreamKind::kPlain);
    out.PutBytes(lengths_.view());
    for (const std::string_view value : values.first(taken)) out.PutBytes(value);
    frames_.EndStream(StreamKind::kPlain, compressor_);
    for (const std::size_t number : {taken, lengths_.size(), octets}) chunks_.PutVarint(number);
    values = values.subspan(taken);
  }
  description.PutVarint(count);
  description.PutBytes(chunks_.view());
}

}  // namespace cistern
