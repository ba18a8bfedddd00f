// Integers of a few bits each, back to back from the lowest bit of the first octet on.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "storage/block/bytes.h"

namespace cistern {

// Bits that values up to `max` take; 0 for 0. Above 56 it is 64.
unsigned PackedBits(std::uint64_t max);
// Octets that `count` values take.
constexpr std::uint64_t PackedOctets(std::uint64_t count, unsigned bits) { return (count * bits + 7) / 8; }

// Appends value − base of all values, each at most 2^bits − 1.
void Pack(std::span<const std::int64_t> values, std::int64_t base, unsigned bits, ByteBuffer& out);
void Pack(std::span<const std::uint32_t> values, unsigned bits, ByteBuffer& out);
// Fills `out` from `packed`, which is PackedOctets() long. `bits` is at most 56, or 64.
void Unpack(std::string_view packed, std::int64_t base, unsigned bits, std::span<std::int64_t> out);
// The same for codes, which are 8 or 16 bits wide; what does not fit loses its upper bits.
template <class Code>
void UnpackCodes(std::string_view packed, unsigned bits, std::span<Code> out);
// Value `index` of those in `packed`, which has it.
std::uint64_t UnpackOne(std::string_view packed, unsigned bits, std::size_t index);

}  // namespace cistern
