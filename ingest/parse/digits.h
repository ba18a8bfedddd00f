// Decimal digits, one by one and eight octets at a time.
#pragma once

#include <bit>
#include <cstdint>
#include <cstring>

namespace cistern {

inline unsigned Digit(char c) { return static_cast<unsigned char>(c - '0'); }

// Value of two digits, or something above 99.
inline unsigned TwoDigits(const char* p) {
  unsigned high = Digit(p[0]);
  unsigned low = Digit(p[1]);
  return (high > 9 || low > 9) ? 1000 : high * 10 + low;
}

inline unsigned FourDigits(const char* p) { return TwoDigits(p) * 100 + TwoDigits(p + 2); }

// Eight octets at once, the first in the lowest byte.
static_assert(std::endian::native == std::endian::little);

inline std::uint64_t LoadWord(const char* p) {
  std::uint64_t word;
  std::memcpy(&word, p, sizeof word);
  return word;
}

// For every byte that is above 9, some bits of its high nibble.
inline std::uint64_t NotDigits(std::uint64_t values) {
  return (values | (values + 0x0606060606060606u)) & 0xf0f0f0f0f0f0f0f0u;
}

// A text of eight octets where `0` stands for a digit and anything else for itself.
struct Pattern {
  explicit constexpr Pattern(const char (&text)[9]) {
    for (int i = 0; i < 8; ++i) {
      zero |= static_cast<std::uint64_t>(static_cast<unsigned char>(text[i])) << (8 * i);
      if (text[i] != '0') fixed |= std::uint64_t{0xff} << (8 * i);
    }
  }
  std::uint64_t zero = 0;
  std::uint64_t fixed = 0;
};

// Matches the octets at `p`; byte i of `pairs` becomes the value of the two digits from octet i on.
inline bool Match(const char* p, const Pattern& pattern, std::uint64_t& pairs) {
  const std::uint64_t values = LoadWord(p) ^ pattern.zero;
  if ((values & pattern.fixed) | NotDigits(values)) return false;
  pairs = values * 10 + (values >> 8);
  return true;
}

inline unsigned PairAt(std::uint64_t pairs, int octet) {
  return static_cast<unsigned>(pairs >> (8 * octet)) & 0xff;
}

// The value of eight digits, the first in the lowest byte.
inline std::uint32_t EightDigits(std::uint64_t values) {
  values = (values * 10 + (values >> 8)) & 0x00ff00ff00ff00ffu;
  values = (values * 100 + (values >> 16)) & 0x0000ffff0000ffffu;
  return static_cast<std::uint32_t>(values * 10000 + (values >> 32));
}

}  // namespace cistern
