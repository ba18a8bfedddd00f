#include "storage/block/int_codec.h"

#include <algorithm>
#include <array>
#include <cstring>

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

bool DecodeDelta(ByteReader& in, std::span<std::int64_t> out) {
  std::int64_t value = 0;
  for (std::int64_t& slot : out) slot = value = WrapAdd(value, in.Signed());
  return in.ok();
}

bool DecodeVarints(ByteReader& in, std::span<std::int64_t> out) {
  for (std::int64_t& slot : out) slot = in.Signed();
  return in.ok();
}

bool DecodeIntDictionary(ByteReader& in, std::span<std::int64_t> out) {
  std::array<std::int64_t, kMaxDictionary> values;
  const std::uint64_t count = in.Varint();
  if (count > values.size()) return false;
  for (std::size_t i = 0; i < count; ++i) values[i] = in.Signed();
  const std::string_view codes = in.Bytes(out.size());
  if (!in.ok()) return false;
  for (std::size_t i = 0; i < out.size(); ++i) {
    const auto code = static_cast<std::uint8_t>(codes[i]);
    if (code >= count) return false;
    out[i] = values[code];
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
  std::array<std::int64_t, kMaxDictionary> distinct;
  std::size_t count = 0, code = 0;
  std::vector<char> codes(values.size());
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (count == 0 || distinct[code] != values[i]) {
      code = static_cast<std::size_t>(std::find(distinct.begin(), distinct.begin() + count, values[i]) -
                                      distinct.begin());
      if (code == kMaxDictionary) return EncodeFixed(values, out);
      if (code == count) distinct[count++] = values[i];
    }
    codes[i] = static_cast<char>(code);
  }
  if (count == 1) return EncodeFixed(values, out);
  out.PutVarint(count);
  for (std::size_t i = 0; i < count; ++i) out.PutSigned(distinct[i]);
  out.PutBytes({codes.data(), codes.size()});
  return Codec::kIntDictionary;
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
      return DecodeIntDictionary(in, out) && in.left() == 0;
    default:
      return false;
  }
}

}  // namespace cistern
