#include "storage/block/text_classes.h"

#include <initializer_list>

#include "storage/words.h"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace cistern {
namespace {

// Bits of an octet's class. A joiner's may also be set for word bytes.
constexpr std::uint8_t kDigit = 1, kLetterLow = 2, kLetterHigh = 4, kUnderscore = 8, kJoinerLow = 16,
                       kJoinerHigh = 32, kHexLetter = 64, kQuote = 128;
constexpr std::uint8_t kAsciiWord = kDigit | kLetterLow | kLetterHigh | kUnderscore;
constexpr std::uint8_t kJoiner = kJoinerLow | kJoinerHigh;

constexpr std::uint16_t Bits(std::initializer_list<int> nibbles) {
  std::uint16_t set = 0;
  for (const int nibble : nibbles) set = static_cast<std::uint16_t>(set | 1u << nibble);
  return set;
}

// An octet is in a class when its high and its low nibble are in the two sets.
struct ClassRule {
  std::uint8_t bit;
  std::uint16_t high, low;
};
constexpr ClassRule kRules[] = {
    {kDigit, Bits({3}), Bits({0, 1, 2, 3, 4, 5, 6, 7, 8, 9})},
    {kLetterLow, Bits({4, 6}), Bits({1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15})},
    {kLetterHigh, Bits({5, 7}), Bits({0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10})},
    {kUnderscore, Bits({5}), Bits({15})},
    {kJoinerLow, Bits({2}), Bits({13, 14, 15})},  // - . /
    {kJoinerHigh, Bits({3, 4}), Bits({0, 10})},   // : @ (and 0 J)
    {kHexLetter, Bits({4, 6}), Bits({1, 2, 3, 4, 5, 6})},
    {kQuote, Bits({2}), Bits({2})},  // "
};

struct NibbleTables {
  alignas(16) std::uint8_t high[16], low[16];
};

constexpr NibbleTables MakeTables() {
  NibbleTables tables{};
  for (const ClassRule& rule : kRules) {
    for (int nibble = 0; nibble < 16; ++nibble) {
      if (rule.high >> nibble & 1) tables.high[nibble] |= rule.bit;
      if (rule.low >> nibble & 1) tables.low[nibble] |= rule.bit;
    }
  }
  return tables;
}
constexpr NibbleTables kTables = MakeTables();

constexpr std::uint8_t ClassOf(unsigned char octet) {
  return kTables.high[octet >> 4] & kTables.low[octet & 15];
}
constexpr bool IsWord(unsigned char octet) { return octet >= 0x80 || (ClassOf(octet) & kAsciiWord) != 0; }

constexpr bool TablesAreRight() {
  for (int octet = 0; octet < 256; ++octet) {
    const auto c = static_cast<char>(octet);
    const std::uint8_t bits = ClassOf(static_cast<unsigned char>(octet));
    const bool word = IsWord(static_cast<unsigned char>(octet));
    const bool joiner = c == '.' || c == ':' || c == '-' || c == '/' || c == '@';
    if (word != IsWordByte(c) || ((bits & kDigit) != 0) != (c >= '0' && c <= '9')) return false;
    if (((bits & kJoiner) != 0 && !word) != joiner || ((bits & kQuote) != 0) != (c == '"')) return false;
    if (((bits & kHexLetter) != 0) != (FoldByte(c) >= 'a' && FoldByte(c) <= 'f')) return false;
  }
  return true;
}
static_assert(TablesAreRight());

struct Masks {
  std::uint64_t word = 0, digit = 0, hex_letter = 0, joiner = 0, equals = 0, quote = 0;
};

// The positions of word `index` that lie in the text.
inline std::uint64_t Inside(std::size_t size, std::size_t index) {
  const std::size_t left = size - index * 64;
  return left >= 64 ? ~std::uint64_t{0} : (std::uint64_t{1} << left) - 1;
}

inline void Store(const Masks& masks, std::uint64_t inside, std::size_t index, TextClasses& out) {
  out.word[index] = masks.word & inside;
  out.digit[index] = masks.digit & inside;
  out.hex_letter[index] = masks.hex_letter & inside;
  out.joiner[index] = masks.joiner & ~masks.word & inside;
  out.equals[index] = masks.equals & inside;
  out.quote[index] = masks.quote & inside;
}

Masks OfBlock(const char* text) {
  Masks masks;
  for (int i = 0; i < 64; ++i) {
    const std::uint8_t bits = ClassOf(static_cast<unsigned char>(text[i]));
    masks.word |= std::uint64_t{IsWord(static_cast<unsigned char>(text[i]))} << i;
    masks.digit |= std::uint64_t{(bits & kDigit) != 0} << i;
    masks.hex_letter |= std::uint64_t{(bits & kHexLetter) != 0} << i;
    masks.joiner |= std::uint64_t{(bits & kJoiner) != 0} << i;
    masks.equals |= std::uint64_t{text[i] == '='} << i;
    masks.quote |= std::uint64_t{text[i] == '"' || text[i] == '<'} << i;
  }
  return masks;
}

#if defined(__x86_64__)
#define CISTERN_AVX2 __attribute__((target("avx2")))

CISTERN_AVX2 inline std::uint64_t Where(__m256i octets, char octet) {
  return static_cast<std::uint32_t>(_mm256_movemask_epi8(_mm256_cmpeq_epi8(octets, _mm256_set1_epi8(octet))));
}

CISTERN_AVX2 inline std::uint64_t WhereNot(__m256i classes, std::uint8_t bits) {
  return Where(_mm256_and_si256(classes, _mm256_set1_epi8(static_cast<char>(bits))), 0);
}

CISTERN_AVX2 inline Masks OfHalfAvx2(const char* text) {
  const __m256i high_table =
      _mm256_broadcastsi128_si256(_mm_load_si128(reinterpret_cast<const __m128i*>(kTables.high)));
  const __m256i low_table =
      _mm256_broadcastsi128_si256(_mm_load_si128(reinterpret_cast<const __m128i*>(kTables.low)));
  const __m256i nibble = _mm256_set1_epi8(15);
  const __m256i octets = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(text));
  const __m256i high =
      _mm256_shuffle_epi8(high_table, _mm256_and_si256(_mm256_srli_epi16(octets, 4), nibble));
  const __m256i low = _mm256_shuffle_epi8(low_table, _mm256_and_si256(octets, nibble));
  const __m256i classes = _mm256_and_si256(high, low);
  constexpr std::uint64_t kAll = 0xffffffffu;
  const auto beyond_ascii = static_cast<std::uint32_t>(_mm256_movemask_epi8(octets));
  return {.word = (WhereNot(classes, kAsciiWord) ^ kAll) | beyond_ascii,
          .digit = WhereNot(classes, kDigit) ^ kAll,
          .hex_letter = WhereNot(classes, kHexLetter) ^ kAll,
          .joiner = WhereNot(classes, kJoiner) ^ kAll,
          .equals = Where(octets, '='),
          .quote = (WhereNot(classes, kQuote) ^ kAll) | Where(octets, '<')};
}

CISTERN_AVX2 inline Masks OfBlockAvx2(const char* text) {
  const Masks a = OfHalfAvx2(text), b = OfHalfAvx2(text + 32);
  return {a.word | b.word << 32,     a.digit | b.digit << 32,   a.hex_letter | b.hex_letter << 32,
          a.joiner | b.joiner << 32, a.equals | b.equals << 32, a.quote | b.quote << 32};
}

CISTERN_AVX2 void ClassifyAvx2(const char* text, std::size_t size, TextClasses& out) {
  for (std::size_t i = 0; i * 64 < size; ++i) Store(OfBlockAvx2(text + i * 64), Inside(size, i), i, out);
  Store({}, 0, (size + 63) / 64, out);
}

const bool kHasAvx2 = __builtin_cpu_supports("avx2");
#endif

}  // namespace

void ClassifyPlain(const char* text, std::size_t size, TextClasses& out) {
  for (std::size_t i = 0; i * 64 < size; ++i) Store(OfBlock(text + i * 64), Inside(size, i), i, out);
  Store({}, 0, (size + 63) / 64, out);
}

void Classify(const char* text, std::size_t size, TextClasses& out) {
#if defined(__x86_64__)
  if (kHasAvx2) return ClassifyAvx2(text, size, out);
#endif
  ClassifyPlain(text, size, out);
}

}  // namespace cistern
