#include "storage/block/hex_pattern.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "storage/block/short_copy.h"

namespace cistern {
namespace {

constexpr std::uint8_t kNoDigit = 16;

constexpr std::array<std::uint8_t, 256> MakeDigits(char ten) {
  std::array<std::uint8_t, 256> digits{};
  digits.fill(kNoDigit);
  for (std::uint8_t i = 0; i < 10; ++i) digits[static_cast<std::size_t>('0' + i)] = i;
  for (std::uint8_t i = 0; i < 6; ++i)
    digits[static_cast<std::size_t>(ten + i)] = static_cast<std::uint8_t>(10 + i);
  return digits;
}
constexpr std::array<std::uint8_t, 256> kLower = MakeDigits('a'), kUpper = MakeDigits('A');

std::uint8_t DigitOf(char c, bool upper) { return (upper ? kUpper : kLower)[static_cast<unsigned char>(c)]; }

// Whether all places hold hex digits of one case, and which.
bool AllOfOneCase(std::span<const std::string_view> values, HexPattern& pattern) {
  bool lower = false, upper = false;
  for (const std::string_view value : values) {
    for (const std::uint8_t place : pattern.places) {
      const auto c = static_cast<unsigned char>(value[place]);
      if (kLower[c] == kNoDigit && kUpper[c] == kNoDigit) return false;
      lower |= kUpper[c] == kNoDigit;
      upper |= kLower[c] == kNoDigit;
    }
  }
  pattern.upper = upper;
  return !lower || !upper;
}

// The two digits of each octet, the lower half first.
constexpr std::array<std::uint16_t, 256> MakePairs(std::string_view digits) {
  std::array<std::uint16_t, 256> pairs{};
  for (std::size_t octet = 0; octet < 256; ++octet)
    pairs[octet] = static_cast<std::uint16_t>(digits[octet % 16] | digits[octet / 16] << 8);
  return pairs;
}
constexpr std::array<std::uint16_t, 256> kLowerPairs = MakePairs("0123456789abcdef");
constexpr std::array<std::uint16_t, 256> kUpperPairs = MakePairs("0123456789ABCDEF");

}  // namespace

bool FindHexPattern(std::span<const std::string_view> values, HexPattern& pattern) {
  pattern.text = values.front();
  pattern.places.clear();
  const std::size_t length = pattern.text.size();
  if (length > HexPattern::kMaxLength) return false;
  std::array<char, HexPattern::kMaxLength> varies{};
  for (const std::string_view value : values) {
    if (value.size() != length) return false;
    for (std::size_t i = 0; i < length; ++i)
      varies[i] = static_cast<char>(varies[i] | (value[i] ^ pattern.text[i]));
  }
  for (std::size_t i = 0; i < length; ++i)
    if (varies[i] != 0) pattern.places.push_back(static_cast<std::uint8_t>(i));
  return !pattern.places.empty() && AllOfOneCase(values, pattern);
}

void PutHex(std::span<const std::string_view> values, const HexPattern& pattern, ByteBuffer& out) {
  const auto octets = static_cast<std::size_t>(HexOctets(values.size(), pattern.places.size()));
  char* at = out.Reserve(octets);
  std::memset(at, 0, octets);
  bool high = false;
  for (const std::string_view value : values) {
    for (const std::uint8_t place : pattern.places) {
      const std::uint8_t digit = DigitOf(value[place], pattern.upper);
      *at = static_cast<char>(*at | (high ? digit << 4 : digit));
      at += high;
      high = !high;
    }
  }
  out.Commit(octets);
}

void WritePattern(const HexPattern& pattern, ByteBuffer& out) {
  out.PutByte(pattern.upper);
  out.PutVarint(pattern.text.size());
  out.PutBytes(pattern.text);
  out.PutVarint(pattern.places.size());
  for (const std::uint8_t place : pattern.places) out.PutByte(place);
}

bool ReadPattern(ByteReader& in, HexPattern& pattern) {
  const std::uint8_t upper = in.Byte();
  pattern.upper = upper != 0;
  pattern.text = in.Bytes(in.Varint());
  const std::string_view places = in.Bytes(in.Varint());
  pattern.places.assign(places.begin(), places.end());
  return in.ok() && upper <= 1 && pattern.text.size() <= HexPattern::kMaxLength && !places.empty() &&
         std::adjacent_find(pattern.places.begin(), pattern.places.end(), std::greater_equal<>()) ==
             pattern.places.end() &&
         pattern.places.back() < pattern.text.size();
}

char* PrintHex(const HexPattern& pattern, std::string_view octets, std::size_t index, char* to) {
  const std::array<std::uint16_t, 256>& pairs = pattern.upper ? kUpperPairs : kLowerPairs;
  const std::size_t places = pattern.places.size(), first = index * places, skipped = first % 2;
  char digits[HexPattern::kMaxLength + 2];
  const char* octet = octets.data() + first / 2;
  for (std::size_t i = 0; i < skipped + places; i += 2)
    std::memcpy(digits + i, &pairs[static_cast<std::uint8_t>(*octet++)], 2);
  if (places == pattern.text.size()) return CopyShort({digits + skipped, places}, to);
  char* const end = CopyShort(pattern.text, to);
  for (std::size_t i = 0; i < places; ++i) to[pattern.places[i]] = digits[skipped + i];
  return end;
}

}  // namespace cistern
