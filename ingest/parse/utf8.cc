#include "ingest/parse/utf8.h"

#include <cstddef>

#include "ingest/parse/scan.h"

namespace cistern {
namespace {

// Index of the first octet above 127 at or after `i`, or text.size().
std::size_t SkipAscii(std::string_view text, std::size_t i) {
#if defined(__SSE2__)
  auto load = [&](std::size_t at) {
    return _mm_loadu_si128(reinterpret_cast<const __m128i*>(text.data() + at));
  };
  for (; i + 64 <= text.size(); i += 64) {
    const __m128i any =
        _mm_or_si128(_mm_or_si128(load(i), load(i + 16)), _mm_or_si128(load(i + 32), load(i + 48)));
    if (_mm_movemask_epi8(any) != 0) break;
  }
#endif
  return FindFirst<NotAscii>(text, i);
}

// Octets of the well-formed sequence at `i` (RFC 3629 section 4, first octet above 127), or 0.
std::size_t SequenceSize(std::string_view text, std::size_t i) {
  auto at = [&](std::size_t k) -> unsigned {
    return i + k < text.size() ? static_cast<unsigned char>(text[i + k]) : 0;
  };
  auto tail = [&](std::size_t k) { return (at(k) & 0xc0) == 0x80; };
  const unsigned lead = at(0);
  if (lead < 0xc2) return 0;
  if (lead < 0xe0) return tail(1) ? 2 : 0;
  if (lead < 0xf0) {
    if ((lead == 0xe0 && at(1) < 0xa0) || (lead == 0xed && at(1) > 0x9f)) return 0;
    return tail(1) && tail(2) ? 3 : 0;
  }
  if (lead > 0xf4 || (lead == 0xf0 && at(1) < 0x90) || (lead == 0xf4 && at(1) > 0x8f)) return 0;
  return tail(1) && tail(2) && tail(3) ? 4 : 0;
}

}  // namespace

bool IsUtf8(std::string_view text) {
  std::size_t i = SkipAscii(text, 0);
  while (i < text.size()) {
    std::size_t size = SequenceSize(text, i);
    if (size == 0) return false;
    i += size;
    if (i < text.size() && static_cast<unsigned char>(text[i]) < 0x80) i = SkipAscii(text, i);
  }
  return true;
}

}  // namespace cistern
