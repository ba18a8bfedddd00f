#include "storage/block/bit_packing.h"

#include <bit>
#include <cstring>

namespace cistern {
namespace {

constexpr unsigned kMaxBits = 56;  // with up to seven bits before them they still fit eight octets

template <class Value>
void PackAll(std::span<const Value> values, std::int64_t base, unsigned bits, char* at) {
  std::uint64_t pending = 0;
  unsigned used = 0;
  for (const Value value : values) {
    pending |= static_cast<std::uint64_t>(WrapSub(static_cast<std::int64_t>(value), base)) << used;
    used += bits;
    std::memcpy(at, &pending, 8);
    at += used / 8;
    pending >>= used / 8 * 8;
    used %= 8;
  }
  if (used != 0) std::memcpy(at, &pending, 1);
}

}  // namespace

unsigned PackedBits(std::uint64_t max) {
  const auto bits = static_cast<unsigned>(std::bit_width(max));
  return bits > kMaxBits ? 64 : bits;
}

void Pack(std::span<const std::int64_t> values, std::int64_t base, unsigned bits, ByteBuffer& out) {
  const auto octets = static_cast<std::size_t>(PackedOctets(values.size(), bits));
  char* const at = out.Reserve(octets + 8);
  if (bits == 64) {
    for (std::size_t i = 0; i < values.size(); ++i) {
      const std::int64_t offset = WrapSub(values[i], base);
      std::memcpy(at + i * 8, &offset, 8);
    }
  } else {
    PackAll(values, base, bits, at);
  }
  out.Commit(octets);
}

void Pack(std::span<const std::uint32_t> values, unsigned bits, ByteBuffer& out) {
  const auto octets = static_cast<std::size_t>(PackedOctets(values.size(), bits));
  PackAll(values, 0, bits, out.Reserve(octets + 8));
  out.Commit(octets);
}

std::uint64_t UnpackOne(std::string_view packed, unsigned bits, std::size_t index) {
  const std::uint64_t bit = std::uint64_t{index} * bits;
  const auto octet = static_cast<std::size_t>(bit / 8);
  std::uint64_t word = 0;
  if (octet + sizeof word <= packed.size()) {
    std::memcpy(&word, packed.data() + octet, sizeof word);
  } else {
    packed.copy(reinterpret_cast<char*>(&word), sizeof word, octet);
  }
  return bits == 64 ? word : word >> bit % 8 & ((std::uint64_t{1} << bits) - 1);
}

void Unpack(std::string_view packed, std::int64_t base, unsigned bits, std::span<std::int64_t> out) {
  const std::uint64_t mask = bits == 64 ? ~std::uint64_t{0} : (std::uint64_t{1} << bits) - 1;
  std::size_t i = 0;
  for (std::uint64_t bit = 0; i < out.size() && bit / 8 + 8 <= packed.size(); ++i, bit += bits) {
    std::uint64_t word;
    std::memcpy(&word, packed.data() + bit / 8, 8);
    out[i] = WrapAdd(base, static_cast<std::int64_t>(word >> bit % 8 & mask));
  }
  char last[16] = {};  // what is left, with zeros behind it
  const std::uint64_t from = i * bits / 8;
  packed.substr(static_cast<std::size_t>(from)).copy(last, sizeof last - 8);
  for (; i < out.size(); ++i) {
    const std::uint64_t bit = i * bits - from * 8;
    std::uint64_t word;
    std::memcpy(&word, last + bit / 8, 8);
    out[i] = WrapAdd(base, static_cast<std::int64_t>(word >> bit % 8 & mask));
  }
}

}  // namespace cistern
