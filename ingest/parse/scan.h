// Finding the end of a run of octets, 16 at a time where the processor can.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

namespace cistern {

inline bool IsDigit(char c) { return static_cast<unsigned char>(c - '0') <= 9; }
inline bool IsLetter(char c) { return static_cast<unsigned char>((c | 0x20) - 'a') < 26; }
// PRINTUSASCII of RFC 5424: 33-126.
inline bool IsPrintable(char c) { return static_cast<unsigned char>(c - 33) <= 93; }

// A set of octets: `Has` for one, `Mask` for sixteen (one bit each).
struct NotPrintable {
  static bool Has(char c) { return !IsPrintable(c); }
#if defined(__SSE2__)
  static __m128i Mask(__m128i v) {
    // Signed compare: octets above 127 are negative, so not greater than 32.
    __m128i printable =
        _mm_andnot_si128(_mm_cmpeq_epi8(v, _mm_set1_epi8(127)), _mm_cmpgt_epi8(v, _mm_set1_epi8(32)));
    return _mm_cmpeq_epi8(printable, _mm_setzero_si128());
  }
#endif
};

struct NotAscii {
  static bool Has(char c) { return static_cast<unsigned char>(c) > 127; }
#if defined(__SSE2__)
  static __m128i Mask(__m128i v) { return v; }  // movemask takes the high bits
#endif
};

template <char... kChars>
struct AnyOf {
  static bool Has(char c) { return ((c == kChars) || ...); }
#if defined(__SSE2__)
  static __m128i Mask(__m128i v) {
    __m128i mask = _mm_setzero_si128();
    ((mask = _mm_or_si128(mask, _mm_cmpeq_epi8(v, _mm_set1_epi8(kChars)))), ...);
    return mask;
  }
#endif
};

template <class A, class B>
struct Either {
  static bool Has(char c) { return A::Has(c) || B::Has(c); }
#if defined(__SSE2__)
  static __m128i Mask(__m128i v) { return _mm_or_si128(A::Mask(v), B::Mask(v)); }
#endif
};

// Index of the first octet of `text` at or after `from` that is in the set; text.size() when there is none.
template <class Set>
inline std::size_t FindFirst(std::string_view text, std::size_t from = 0) {
  std::size_t i = from;
#if defined(__SSE2__)
  for (; i + 16 <= text.size(); i += 16) {
    __m128i v = _mm_loadu_si128(reinterpret_cast<const __m128i*>(text.data() + i));
    auto mask = static_cast<unsigned>(_mm_movemask_epi8(Set::Mask(v)));
    if (mask != 0) return i + static_cast<std::size_t>(std::countr_zero(mask));
  }
  if (text.size() >= 16 && i < text.size()) {
    const std::size_t last = text.size() - 16;  // overlaps what was searched already
    __m128i v = _mm_loadu_si128(reinterpret_cast<const __m128i*>(text.data() + last));
    auto mask = static_cast<unsigned>(_mm_movemask_epi8(Set::Mask(v))) >> (i - last);
    return mask != 0 ? i + static_cast<std::size_t>(std::countr_zero(mask)) : text.size();
  }
#endif
  while (i < text.size() && !Set::Has(text[i])) ++i;
  return i;
}

}  // namespace cistern
