#include "storage/block/string_codec.h"

#include <cstring>

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

template <class Width>
bool ReadCodes(ByteReader& in, std::uint64_t distinct, std::span<std::uint32_t> codes) {
  const std::string_view bytes = in.Bytes(codes.size() * sizeof(Width));
  if (!in.ok()) return false;
  for (std::size_t i = 0; i < codes.size(); ++i) {
    Width code;
    std::memcpy(&code, bytes.data() + i * sizeof code, sizeof code);
    if (code >= distinct) return false;
    codes[i] = code;
  }
  return true;
}

bool ReadPackedCodes(ByteReader& in, std::uint64_t distinct, std::span<std::uint32_t> codes) {
  const unsigned bits = PackedBits(distinct - 1);
  const std::string_view packed = in.Bytes(PackedOctets(codes.size(), bits));
  if (!in.ok()) return false;
  std::vector<std::int64_t> wide(codes.size());
  Unpack(packed, 0, bits, wide);
  for (std::size_t i = 0; i < codes.size(); ++i) {
    if (static_cast<std::uint64_t>(wide[i]) >= distinct) return false;
    codes[i] = static_cast<std::uint32_t>(wide[i]);
  }
  return true;
}

bool ReadDictionary(ByteReader& in, bool packed, std::size_t count, std::vector<std::string_view>& values,
                    std::vector<std::uint32_t>& codes) {
  const std::uint64_t distinct = in.Varint();
  if (distinct == 0 || distinct > count || !ReadStrings(in, distinct, values)) return false;
  codes.assign(count, 0);
  if (packed) return ReadPackedCodes(in, distinct, codes);
  if (distinct == 1) return true;
  return distinct <= 256 ? ReadCodes<std::uint8_t>(in, distinct, codes)
                         : ReadCodes<std::uint16_t>(in, distinct, codes);
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

bool DecodeStrings(Codec codec, std::string_view payload, std::size_t count,
                   std::vector<std::string_view>& values, std::vector<std::uint32_t>& codes) {
  ByteReader in(payload);
  codes.clear();
  switch (codec) {
    case Codec::kStrings:
      return ReadStrings(in, count, values) && in.left() == 0;
    case Codec::kDictionary:
    case Codec::kPackedDictionary:
      return ReadDictionary(in, codec == Codec::kPackedDictionary, count, values, codes) && in.left() == 0;
    default:
      return false;
  }
}

}  // namespace cistern
