#include "storage/block/bit_packing.h"

#include <algorithm>
#include <array>
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

namespace {

// As many values as whole steps of them give; returns how many that were. A step begins with an octet.
template <class Code>
std::size_t UnpackSteps(std::string_view packed, unsigned bits, std::span<Code> out) {
  constexpr std::size_t kStep = 8;
  const std::uint64_t mask = (std::uint64_t{1} << bits) - 1;
  std::size_t i = 0;
  for (const char* at = packed.data(); i + kStep <= out.size(); i += kStep, at += bits) {
    if (at + 8 > packed.data() + packed.size()) break;
    std::uint64_t word;
    std::memcpy(&word, at, sizeof word);
    for (std::size_t k = 0; k < kStep; ++k, word >>= bits) out[i + k] = static_cast<Code>(word & mask);
  }
  return i;
}

template <class Stored, class Code>
std::size_t Widen(std::string_view packed, std::span<Code> out) {
  constexpr std::size_t kStep = 32;  // a number that compilers make vectors of
  std::size_t i = 0;
  for (; i + kStep <= out.size(); i += kStep) {
    Stored stored[kStep];
    std::memcpy(stored, packed.data() + i * sizeof(Stored), sizeof stored);
    for (std::size_t k = 0; k < kStep; ++k) out[i + k] = static_cast<Code>(stored[k]);
  }
  return i;
}

}  // namespace

template <class Code>
void UnpackCodes(std::string_view packed, unsigned bits, std::span<Code> out) {
  if (bits == 0) return std::fill(out.begin(), out.end(), Code{0});
  std::size_t done = 0;
  if (bits == 8) {
    done = Widen<std::uint8_t>(packed, out);
  } else if (bits == 16) {
    done = Widen<std::uint16_t>(packed, out);
  } else if (bits < 8) {
    done = UnpackSteps(packed, bits, out);
  }
  std::array<std::int64_t, 512> wide;
  while (done < out.size()) {  // at a multiple of eight, which begins with an octet
    const std::span<std::int64_t> values = std::span(wide).first(std::min(wide.size(), out.size() - done));
    Unpack(packed.substr(done / 8 * bits), 0, bits, values);
    std::copy(values.begin(), values.end(), out.begin() + static_cast<std::ptrdiff_t>(done));
    done += values.size();
  }
}

template void UnpackCodes(std::string_view, unsigned, std::span<std::uint8_t>);
template void UnpackCodes(std::string_view, unsigned, std::span<std::uint16_t>);

}  // namespace cistern
