#include "storage/block/string_codec.h"

#include <algorithm>
#include <array>

#include "storage/block/bit_packing.h"

namespace cistern {
namespace {

// Reads `count` strings: the octets of the lengths section, the lengths, then the strings back to back.
bool ReadStrings(ByteReader& in, std::uint64_t count, std::vector<std::string_view>& values) {
  ByteReader lengths(in.Bytes(in.Varint()));
  if (!in.ok() || count > lengths.left()) return false;  // a length takes an octet at least
  values.resize(static_cast<std::size_t>(count));
  for (std::string_view& value : values) value = in.Bytes(lengths.Varint());
  return in.ok() && lengths.ok() && lengths.left() == 0;
}

}  // namespace

void PlainColumn::Clear() {
  lengths_.Clear();
  octets_.Clear();
}

Codec PlainColumn::Encode(ByteBuffer& out) const {
  out.PutVarint(lengths_.size());
  out.PutBytes(lengths_.view());
  out.PutBytes(octets_.view());
  return Codec::kStrings;
}

void DictionaryColumn::Clear() {
  dictionary_.Clear();
  codes_.clear();
}

void DictionaryColumn::PutValues(ByteBuffer& out) {
  plain_.Clear();
  for (const std::string_view value : values()) plain_.Add(value);
  out.PutVarint(values().size());
  plain_.Encode(out);
}

Codec DictionaryColumn::Encode(std::span<const std::uint32_t> codes, ByteBuffer& out) {
  if (!repeats()) {
    plain_.Clear();
    for (const std::uint32_t code : codes) plain_.Add(values()[code]);
    return plain_.Encode(out);
  }
  PutValues(out);
  if (values().size() == 1) return Codec::kDictionary;
  const std::size_t width = values().size() <= 256 ? 1 : 2;
  char* at = out.Reserve(codes.size() * width);
  for (const std::uint32_t code : codes) {
    const auto wide = static_cast<std::uint16_t>(code);
    std::memcpy(at, &wide, width);
    at += width;
  }
  out.Commit(codes.size() * width);
  return Codec::kDictionary;
}

Codec DictionaryColumn::EncodePacked(std::span<const std::uint32_t> codes, ByteBuffer& out) {
  PutValues(out);
  Pack(codes, PackedBits(values().size() - 1), out);
  return Codec::kPackedDictionary;
}

bool StoredDictionary::Open(Codec codec, std::string_view payload, std::size_t count) {
  ByteReader in(payload);
  const std::uint64_t distinct = in.Varint();
  if (distinct == 0 || distinct > count || !ReadStrings(in, distinct, values_)) return false;
  count_ = count;
  bits_ = PackedBits(distinct - 1);
  if (codec == Codec::kDictionary && bits_ != 0) bits_ = distinct <= 256 ? 8 : 16;
  codes_ = in.Bytes(PackedOctets(count, bits_));
  return in.ok() && in.left() == 0;
}

bool StoredDictionary::Get(std::size_t index, std::string_view& value) const {
  const std::uint64_t code = UnpackOne(codes_, bits_, index);
  if (code >= values_.size()) return false;
  value = values_[static_cast<std::size_t>(code)];
  return true;
}

bool StoredDictionary::Codes(std::vector<std::uint32_t>& codes) const {
  codes.assign(count_, 0);
  if (bits_ == 0) return true;
  std::array<std::int64_t, 512> step;  // a multiple of eight codes begins with an octet
  std::uint32_t largest = 0;
  for (std::size_t begin = 0; begin < count_; begin += step.size()) {
    const std::span<std::int64_t> wide = std::span(step).first(std::min(step.size(), count_ - begin));
    Unpack(codes_.substr(begin / 8 * bits_), 0, bits_, wide);
    for (std::size_t i = 0; i < wide.size(); ++i) {
      codes[begin + i] = static_cast<std::uint32_t>(wide[i]);
      largest = std::max(largest, codes[begin + i]);
    }
  }
  return largest < values_.size();
}

bool DecodeStrings(Codec codec, std::string_view payload, std::size_t count,
                   std::vector<std::string_view>& values, std::vector<std::uint32_t>& codes) {
  ByteReader in(payload);
  codes.clear();
  switch (codec) {
    case Codec::kStrings:
      return ReadStrings(in, count, values) && in.left() == 0;
    case Codec::kDictionary:
    case Codec::kPackedDictionary: {
      StoredDictionary dictionary;
      if (!dictionary.Open(codec, payload, count) || !dictionary.Codes(codes)) return false;
      values.assign(dictionary.values().begin(), dictionary.values().end());
      return true;
    }
    default:
      return false;
  }
}

}  // namespace cistern
