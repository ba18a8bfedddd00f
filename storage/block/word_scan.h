// Walks the words of a text, and the classes of its octets as of SlotStamp. Short texts are looked at all at
// once.
#pragma once

#include <array>
#include <bit>
#include <cstdint>
#include <cstring>
#include <string_view>

#include "storage/block/decimal.h"
#include "storage/block_index.h"
#include "storage/words.h"

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

namespace cistern {

namespace scan {

inline constexpr std::uint16_t kWordBit = 256;

constexpr std::array<std::uint16_t, 256> MakeClasses() {
  std::array<std::uint16_t, 256> classes{};
  for (std::size_t i = 0; i < classes.size(); ++i) {
    const char c = static_cast<char>(i);
    classes[i] = static_cast<std::uint16_t>(SlotStamp::ClassOf(c) | (IsWordByte(c) ? kWordBit : 0));
  }
  return classes;
}
inline constexpr std::array<std::uint16_t, 256> kClasses = MakeClasses();

inline std::uint16_t ClassAt(const char* at) { return kClasses[static_cast<std::uint8_t>(*at)]; }

}  // namespace scan

// What a word holds, so far as it matters for its key.
struct WordKind {
  bool digits = false, upper = false;
  bool only_digits = false;
};

// A text of at most 15 octets as two integers; equal texts are equal.
struct ShortText {
  static constexpr std::size_t kMaxSize = 15;
  std::uint64_t low = 0, high = 0;  // zeros behind the text; its size in the last octet
  bool operator==(const ShortText&) const = default;
};

inline ShortText LoadShort(std::string_view text) {
  const std::size_t size = text.size();
  ShortText loaded{.high = std::uint64_t{size} << 56};
  if (size == 0) return loaded;
  if (size <= 8) {
    loaded.low = decimal::LoadRight(text.data(), size) >> 8 * (8 - size);
  } else {
    std::memcpy(&loaded.low, text.data(), 8);
    loaded.high |= decimal::LoadRight(text.data() + 8, size - 8) >> 8 * (16 - size);
  }
  return loaded;
}

// Calls on_word(word, kind) for each word; returns the classes of all octets.
template <class OnWord>
std::uint8_t ScanWords(std::string_view text, OnWord&& on_word) {
  const char* at = text.data();
  const char* const end = at + text.size();
  std::uint16_t all = 0;
  while (at != end) {
    std::uint16_t octet = scan::ClassAt(at);
    if ((octet & scan::kWordBit) == 0) {
      all |= octet;
      ++at;
      continue;
    }
    const char* const begin = at;
    std::uint16_t classes = 0;
    do {
      classes |= octet;
      ++at;
    } while (at != end && ((octet = scan::ClassAt(at)) & scan::kWordBit) != 0);
    all |= classes;
    on_word(std::string_view(begin, static_cast<std::size_t>(at - begin)),
            WordKind{(classes & SlotStamp::kDigit) != 0, (classes & SlotStamp::kUpper) != 0,
                     classes == (SlotStamp::kDigit | scan::kWordBit)});
  }
  return static_cast<std::uint8_t>(all & SlotStamp::kAllClasses);
}

// The same for a text that was loaded.
template <class OnWord>
std::uint8_t ScanShort(std::string_view text, const ShortText& loaded, OnWord&& on_word) {
#if defined(__SSE2__)
  const __m128i octets =
      _mm_set_epi64x(static_cast<long long>(loaded.high), static_cast<long long>(loaded.low));
  const auto mask = [](__m128i set) { return static_cast<std::uint32_t>(_mm_movemask_epi8(set)); };
  const auto from = [&](char first, char count) {
    const __m128i offset = _mm_sub_epi8(octets, _mm_set1_epi8(first));
    return mask(_mm_cmpeq_epi8(_mm_min_epu8(offset, _mm_set1_epi8(static_cast<char>(count - 1))), offset));
  };
  const std::uint32_t text_mask = (1u << text.size()) - 1;
  const std::uint32_t digits = from('0', 10) & text_mask, hex = from('a', 6) & text_mask,
                      lower = from('g', 20) & text_mask, upper = from('A', 26) & text_mask,
                      underscore = from('_', 1) & text_mask, high = mask(octets) & text_mask;
  const std::uint32_t words = digits | hex | lower | upper | underscore | high;
  for (std::uint32_t left = words; left != 0;) {
    const int begin = std::countr_zero(left), size = std::countr_one(left >> begin);
    const std::uint32_t word = ((1u << size) - 1) << begin;
    left &= ~word;
    on_word(text.substr(static_cast<std::size_t>(begin), static_cast<std::size_t>(size)),
            WordKind{(digits & word) != 0, (upper & word) != 0, (digits & word) == word});
  }
  std::uint32_t point = 0, joiners = 0;
  if ((words & ~high) != text_mask) {
    point = from('.', 1) & text_mask;
    joiners = (from('-', 1) | from('/', 1) | from(':', 1) | from('@', 1)) & text_mask;
  }
  const std::uint32_t others = text_mask & ~((words & ~high) | point | joiners);
  const auto bit = [](std::uint32_t set, SlotStamp::Class value) { return set != 0 ? value : 0; };
  return static_cast<std::uint8_t>(bit(digits, SlotStamp::kDigit) | bit(hex, SlotStamp::kHex) |
                                   bit(lower, SlotStamp::kLower) | bit(upper, SlotStamp::kUpper) |
                                   bit(underscore, SlotStamp::kUnderscore) | bit(point, SlotStamp::kPoint) |
                                   bit(joiners, SlotStamp::kJoiner) | bit(others, SlotStamp::kOther));
#else
  (void)loaded;
  return ScanWords(text, on_word);
#endif
}

}  // namespace cistern
