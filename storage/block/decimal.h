// Reads short decimal numbers eight digits at a time.
#pragma once

#include <cstdint>
#include <cstring>
#include <string_view>

namespace cistern {

namespace decimal {

// One to eight octets, the last one in the top octet of the result; zero octets below.
inline std::uint64_t LoadRight(const char* text, std::size_t size) {
  if (size >= 4) {
    std::uint32_t low, high;
    std::memcpy(&low, text, sizeof low);
    std::memcpy(&high, text + size - 4, sizeof high);
    return (low | std::uint64_t{high} << 8 * (size - 4)) << 8 * (8 - size);
  }
  const auto octet = [&](std::size_t i) {
    return std::uint64_t{static_cast<std::uint8_t>(text[i])} << 8 * i;
  };
  return (octet(0) | octet(size / 2) | octet(size - 1)) << 8 * (8 - size);
}

// One to eight digits; false when there is anything else.
inline bool ReadDigits(const char* text, std::size_t size, std::uint64_t& value) {
  std::uint64_t x = LoadRight(text, size) ^ 0x3030303030303030u;
  x &= ~std::uint64_t{0} << 8 * (8 - size);
  if (((x + 0x7676767676767676u) | x) & 0x8080808080808080u) return false;
  x = x * 10 + (x >> 8);  // pairs, then fours, then all eight
  value = (((x & 0x000000ff000000ffu) * 0x000f424000000064u) +
           ((x >> 16 & 0x000000ff000000ffu) * 0x0000271000000001u)) >>
          32;
  return true;
}

}  // namespace decimal

// A number of at most sixteen digits that prints back identically; false when `text` is none.
inline bool ReadDecimal(std::string_view text, std::uint64_t& value) {
  const std::size_t size = text.size();
  if (size - 1 >= 16 || (text[0] == '0' && size > 1)) return false;
  if (size <= 8) return decimal::ReadDigits(text.data(), size, value);
  std::uint64_t high = 0;
  if (!decimal::ReadDigits(text.data(), size - 8, high)) return false;
  if (!decimal::ReadDigits(text.data() + size - 8, 8, value)) return false;
  value += high * 100'000'000;
  return true;
}

}  // namespace cistern
