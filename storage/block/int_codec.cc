#include "storage/block/int_codec.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "storage/block/bit_packing.h"

namespace cistern {
namespace {

constexpr std::size_t kMaxDictionary = 256;

template <class Width>
void PutOffsets(std::span<const std::int64_t> values, std::int64_t base, ByteBuffer& out) {
  char* at = out.Reserve(values.size() * sizeof(Width));
  for (const std::int64_t value : values) {
    const auto offset = static_cast<Width>(WrapSub(value, base));
    std::memcpy(at, &offset, sizeof offset);
    at += sizeof offset;
  }
  out.Commit(values.size() * sizeof(Width));
}

template <class Width>
void GetOffsets(std::string_view bytes, std::int64_t base, std::span<std::int64_t> out) {
  for (std::size_t i = 0; i < out.size(); ++i) {
    Width offset;
    std::memcpy(&offset, bytes.data() + i * sizeof offset, sizeof offset);
    out[i] = WrapAdd(base, static_cast<std::int64_t>(offset));
  }
}

std::uint8_t WidthOf(std::uint64_t range) {
  if (range <= UINT8_MAX) return 1;
  if (range <= UINT16_MAX) return 2;
  return range <= UINT32_MAX ? 4 : 8;
}

bool DecodeConstant(ByteReader& in, std::span<std::int64_t> out) {
  std::fill(out.begin(), out.end(), in.Signed());
  return in.ok();
}

bool DecodeFixed(ByteReader& in, std::span<std::int64_t> out) {
  const std::int64_t base = in.Signed();
  const std::uint8_t width = in.Byte();
  const std::string_view bytes = in.Bytes(std::uint64_t{width} * out.size());
  if (!in.ok()) return false;
  switch (width) {
    case 1:
      return GetOffsets<std::uint8_t>(bytes, base, out), true;
    case 2:
      return GetOffsets<std::uint16_t>(bytes, base, out), true;
    case 4:
      return GetOffsets<std::uint32_t>(bytes, base, out), true;
    case 8:
      return GetOffsets<std::uint64_t>(bytes, base, out), true;
    default:
      return false;
  }
}

bool DecodePacked(ByteReader& in, std::span<std::int64_t> out) {
  const std::int64_t base = in.Signed();
  const unsigned bits = in.Byte();
  if (bits > 56 && bits != 64) return false;
  const std::string_view packed = in.Bytes(PackedOctets(out.size(), bits));
  if (in.ok()) Unpack(packed, base, bits, out);
  return in.ok();
}

bool DecodeDelta(ByteReader& in, std::span<std::int64_t> out) {
  std::int64_t value = 0;
  for (std::int64_t& slot : out) slot = value = WrapAdd(value, in.Signed());
  return in.ok();
}

bool DecodeVarints(ByteReader& in, std::span<std::int64_t> out) {
  for (std::int64_t& slot : out) slot = in.Signed();
  return in.ok();
}

struct IntDictionary {
  std::array<std::int64_t, kMaxDictionary> values;
  std::size_t count = 0;
  std::vector<std::uint32_t> codes;
};

// False when there are more values than fit.
bool Number(std::span<const std::int64_t> values, IntDictionary& dictionary) {
  std::uint32_t code = 0;
  dictionary.codes.resize(values.size());
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (dictionary.count == 0 || dictionary.values[code] != values[i]) {
      const auto end = dictionary.values.begin() + static_cast<std::ptrdiff_t>(dictionary.count);
      code = static_cast<std::uint32_t>(std::find(dictionary.values.begin(), end, values[i]) -
                                        dictionary.values.begin());
      if (code == kMaxDictionary) return false;
      if (code == dictionary.count) dictionary.values[dictionary.count++] = values[i];
    }
    dictionary.codes[i] = code;
  }
  return true;
}

void PutValues(const IntDictionary& dictionary, ByteBuffer& out) {
  out.PutVarint(dictionary.count);
  for (std::size_t i = 0; i < dictionary.count; ++i) out.PutSigned(dictionary.values[i]);
}

bool DecodeIntDictionary(ByteReader& in, bool packed, std::span<std::int64_t> out) {
  std::array<std::int64_t, kMaxDictionary> values;
  const std::uint64_t count = in.Varint();
  if (count == 0 || count > values.size()) return false;
  for (std::size_t i = 0; i < count; ++i) values[i] = in.Signed();
  const unsigned bits = packed ? PackedBits(count - 1) : 8;
  const std::string_view codes = in.Bytes(PackedOctets(out.size(), bits));
  if (!in.ok()) return false;
  Unpack(codes, 0, bits, out);
  for (std::int64_t& value : out) {
    if (static_cast<std::uint64_t>(value) >= count) return false;
    value = values[static_cast<std::size_t>(value)];
  }
  return true;
}

}  // namespace

Codec EncodeFixed(std::span<const std::int64_t> values, ByteBuffer& out) {
  const auto [min, max] = std::minmax_element(values.begin(), values.end());
  out.PutSigned(*min);
  if (*min == *max) return Codec::kConstant;
  const std::uint8_t width = WidthOf(static_cast<std::uint64_t>(WrapSub(*max, *min)));
  out.PutByte(width);
  switch (width) {
    case 1:
      PutOffsets<std::uint8_t>(values, *min, out);
      break;
    case 2:
      PutOffsets<std::uint16_t>(values, *min, out);
      break;
    case 4:
      PutOffsets<std::uint32_t>(values, *min, out);
      break;
    default:
      PutOffsets<std::uint64_t>(values, *min, out);
  }
  return Codec::kFixed;
}

Codec EncodeDelta(std::span<const std::int64_t> values, ByteBuffer& out) {
  std::int64_t previous = 0;
  for (const std::int64_t value : values) {
    out.PutSigned(WrapSub(value, previous));
    previous = value;
  }
  return Codec::kDelta;
}

Codec EncodeVarints(std::span<const std::int64_t> values, ByteBuffer& out) {
  for (const std::int64_t value : values) out.PutSigned(value);
  return Codec::kVarints;
}

Codec EncodeIntDictionary(std::span<const std::int64_t> values, ByteBuffer& out) {
  IntDictionary dictionary;
  if (!Number(values, dictionary) || dictionary.count == 1) return EncodeFixed(values, out);
  PutValues(dictionary, out);
  Pack(dictionary.codes, 8, out);
  return Codec::kIntDictionary;
}

Codec EncodePackedIntDictionary(std::span<const std::int64_t> values, ByteBuffer& out) {
  IntDictionary dictionary;
  if (!Number(values, dictionary) || dictionary.count == 1) return EncodeFixed(values, out);
  PutValues(dictionary, out);
  Pack(dictionary.codes, PackedBits(dictionary.count - 1), out);
  return Codec::kPackedIntDictionary;
}

Codec EncodePacked(std::span<const std::int64_t> values, ByteBuffer& out) {
  const auto [min, max] = std::minmax_element(values.begin(), values.end());
  const unsigned bits = PackedBits(static_cast<std::uint64_t>(WrapSub(*max, *min)));
  out.PutSigned(*min);
  out.PutByte(static_cast<std::uint8_t>(bits));
  Pack(values, *min, bits, out);
  return Codec::kPacked;
}

bool DecodeInts(Codec codec, std::string_view payload, std::size_t count, std::vector<std::int64_t>& out) {
  out.resize(count);
  ByteReader in(payload);
  switch (codec) {
    case Codec::kConstant:
      return DecodeConstant(in, out) && in.left() == 0;
    case Codec::kFixed:
      return DecodeFixed(in, out) && in.left() == 0;
    case Codec::kDelta:
      return DecodeDelta(in, out) && in.left() == 0;
    case Codec::kVarints:
      return DecodeVarints(in, out) && in.left() == 0;
    case Codec::kIntDictionary:
    case Codec::kPackedIntDictionary:
      return DecodeIntDictionary(in, codec == Codec::kPackedIntDictionary, out) && in.left() == 0;
    case Codec::kPacked:
      return DecodePacked(in, out) && in.left() == 0;
    default:
      return false;
  }
}

}  // namespace cistern
