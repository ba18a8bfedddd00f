// Values that differ in their numbers only: `10.0.3.7:514`, `17ms`, `2026-11-20T10:00:00`.
//
// Threads: one at a time.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "storage/block/bytes.h"

namespace cistern {

// literals[0] number literals[1] number ... literals[n].
struct NumberPattern {
  static constexpr std::size_t kMaxNumbers = 8;
  static constexpr unsigned kMaxDigits = 18;

  std::vector<std::string> literals;
  std::vector<std::uint8_t> widths;  // one a number: 0 as it prints, else digits with zeros in front
};

// Finds the pattern of all values and their numbers. False when there is none that prints every value back.
bool FindNumberPattern(std::span<const std::string_view> values, NumberPattern& pattern,
                       std::vector<std::vector<std::int64_t>>& numbers);

void WritePattern(const NumberPattern& pattern, ByteBuffer& out);
bool ReadPattern(ByteReader& in, NumberPattern& pattern);

// Prints a number at `to` and returns the end; writes to so many octets at most, some of them behind the end.
// Numbers of damaged blocks print somehow.
inline constexpr std::size_t kMaxPrinted = 20;
char* PrintNumber(std::int64_t number, unsigned width, char* to);

}  // namespace cistern
