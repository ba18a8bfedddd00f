#include "ingest/parse/utf8.h"

#include <cstddef>
#include <cstdint>
#include <cstring>

namespace cistern {
namespace {

constexpr std::uint64_t kHighBits = 0x8080808080808080u;

// Index of the first octet above 127, or text.size().
std::size_t SkipAscii(std::string_view text, std::size_t i) {
  for (; i + 32 <= text.size(); i += 32) {
    std::uint64_t words[4];
    std::memcpy(words, text.data() + i, sizeof words);
    if ((words[0] | words[1] | words[2] | words[3]) & kHighBits) break;
  }
  for (; i + 8 <= text.size(); i += 8) {
    std::uint64_t word;
    std::memcpy(&word, text.data() + i, sizeof word);
    if (word & kHighBits) break;
  }
  while (i < text.size() && static_cast<unsigned char>(text[i]) < 0x80) ++i;
  return i;
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
