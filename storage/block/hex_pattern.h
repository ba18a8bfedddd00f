// Values of one length that differ in hex digits of one case only: hashes, UUIDs, MAC addresses.
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

struct HexPattern {
  static constexpr std::size_t kMaxLength = 128;

  bool upper = false;
  std::string text;                  // what does not vary; anything where digits do
  std::vector<std::uint8_t> places;  // where digits vary, ascending; not empty
};

// False when there is none that prints every value back.
bool FindHexPattern(std::span<const std::string_view> values, HexPattern& pattern);
// Four bits for each place of each value, back to back, the lower half of an octet first.
void PutHex(std::span<const std::string_view> values, const HexPattern& pattern, ByteBuffer& out);
constexpr std::uint64_t HexOctets(std::uint64_t values, std::size_t places) {
  return (values * places + 1) / 2;
}

void WritePattern(const HexPattern& pattern, ByteBuffer& out);
bool ReadPattern(ByteReader& in, HexPattern& pattern);

// Prints value `index` of those in `octets` at `to` and returns the end.
char* PrintHex(const HexPattern& pattern, std::string_view octets, std::size_t index, char* to);

}  // namespace cistern
