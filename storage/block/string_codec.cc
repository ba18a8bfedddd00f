#include "storage/block/string_codec.h"

#include "storage/block/bit_packing.h"
#include "storage/block/code_ranks.h"

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
  if (distinct == 0 || distinct > count || distinct > kMaxBlockRows || !ReadStrings(in, distinct, values_))
    return false;
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

bool StoredDictionary::Codes(std::vector<std::uint16_t>& codes) const {
  codes.resize(count_);
  UnpackCodes(codes_, bits_, std::span(codes));
  const auto most = static_cast<std::uint16_t>(values_.size() - 1);
  return CountCodes(std::span<const std::uint16_t>(codes),
                    [most](std::uint16_t code) { return code > most; }) == 0;
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
      std::vector<std::uint16_t> narrow;
      if (!dictionary.Open(codec, payload, count) || !dictionary.Codes(narrow)) return false;
      codes.assign(narrow.begin(), narrow.end());
      values.assign(dictionary.values().begin(), dictionary.values().end());
      return true;
    }
    default:
      return false;
  }
}

}  // namespace cistern
