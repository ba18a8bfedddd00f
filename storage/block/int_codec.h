// Columns of integers: Codec::kConstant, kFixed, kDelta, kVarints, kIntDictionary, kPacked,
// kPackedIntDictionary.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "storage/block/bytes.h"
#include "storage/block/header.h"

namespace cistern {

// Each writes the payload of `values` (not empty) to `out` and returns the codec it is in.
// Chooses kConstant or kFixed.
Codec EncodeFixed(std::span<const std::int64_t> values, ByteBuffer& out);
// For values that differ little from row to row.
Codec EncodeDelta(std::span<const std::int64_t> values, ByteBuffer& out);
// For small values around zero.
Codec EncodeVarints(std::span<const std::int64_t> values, ByteBuffer& out);
// For few distinct, wide values; falls back to EncodeFixed.
Codec EncodeIntDictionary(std::span<const std::int64_t> values, ByteBuffer& out);
// The same with codes of a few bits.
Codec EncodePackedIntDictionary(std::span<const std::int64_t> values, ByteBuffer& out);

// kPacked: a few bits each.
Codec EncodePacked(std::span<const std::int64_t> values, ByteBuffer& out);

// Fills `out` with `count` values; false when the payload is not what the codec says.
bool DecodeInts(Codec codec, std::string_view payload, std::size_t count, std::vector<std::int64_t>& out);

}  // namespace cistern
