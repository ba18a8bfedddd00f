#include "storage/block/text_classes.h"

#include <cstring>

#include "storage/words.h"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace cistern {
namespace {

// Bits of an octet's class.
constexpr std::uint8_t kDigit = 1, kLetterHigh = 2, kLetterLow = 4, kUnderscore = 8, kEquals = 16,
                       kMarkLow = 32, kMarkHigh = 64, kBeyondAscii = 128;
constexpr std::uint8_t kWord = kDigit | kLetterHigh | kLetterLow | kUnderscore | kBeyondAscii;
constexpr std::uint8_t kValue = kWord | kMarkLow | kMarkHigh;
constexpr std::uint8_t kEvent = kDigit | kEquals;

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
    {kEquals, Bits({3}), Bits({13})},
    {kMarkLow, Bits({2}), Bits({1, 3, 4, 5, 10, 11, 13, 14, 15})},  // ! # $ % * + - . /
    {kMarkHigh, Bits({3, 4}), Bits({0, 10, 15})},                   // : ? @ (and 0 J O, which are word bytes)
    {kBeyondAscii, Bits({8, 9, 10, 11, 12, 13, 14, 15}), 0xffff},
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

constexpr bool AgreesWithWords() {
  for (int octet = 0; octet < 256; ++octet) {
    const auto c = static_cast<char>(octet);
    const std::uint8_t bits = ClassOf(static_cast<unsigned char>(octet));
    if (((bits & kWord) != 0) != IsWordByte(c)) return false;
    if (((bits & kDigit) != 0) != (c >= '0' && c <= '9')) return false;
    if (((bits & kEvent) != 0) != ((c >= '0' && c <= '9') || c == '=')) return false;
  }
  return true;
}
static_assert(AgreesWithWords());

struct Masks {
  std::uint64_t word = 0, digit = 0, value = 0, events = 0;
};

void Store(const Masks& masks, std::size_t index, TextClasses& out) {
  out.word.words()[index] = masks.word;
  out.digit.words()[index] = masks.digit;
  out.value.words()[index] = masks.value;
  out.events.words()[index] = masks.events;
}

Masks OfBlock(const char* text) {
  Masks masks;
  for (int i = 0; i < 64; ++i) {
    const std::uint8_t bits = ClassOf(static_cast<unsigned char>(text[i]));
    masks.word |= std::uint64_t{(bits & kWord) != 0} << i;
    masks.digit |= std::uint64_t{(bits & kDigit) != 0} << i;
    masks.value |= std::uint64_t{(bits & kValue) != 0} << i;
    masks.events |= std::uint64_t{(bits & kEvent) != 0} << i;
  }
  return masks;
}

void ClassifyPlain(const char* text, std::size_t blocks, TextClasses& out) {
  for (std::size_t i = 0; i < blocks; ++i) Store(OfBlock(text + i * 64), i, out);
}

#if defined(__x86_64__)

__attribute__((target("avx2"))) inline std::uint32_t AnyBit(__m256i classes, std::uint8_t bits) {
  const __m256i none = _mm256_cmpeq_epi8(_mm256_and_si256(classes, _mm256_set1_epi8(static_cast<char>(bits))),
                                         _mm256_setzero_si256());
  return ~static_cast<std::uint32_t>(_mm256_movemask_epi8(none));
}

__attribute__((target("avx2"))) inline Masks OfHalfAvx2(const char* text) {
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
  return {AnyBit(classes, kWord), AnyBit(classes, kDigit), AnyBit(classes, kValue), AnyBit(classes, kEvent)};
}

__attribute__((target("avx2"))) inline Masks OfBlockAvx2(const char* text) {
  const Masks low = OfHalfAvx2(text), high = OfHalfAvx2(text + 32);
  return {low.word | high.word << 32, low.digit | high.digit << 32, low.value | high.value << 32,
          low.events | high.events << 32};
}

__attribute__((target("avx2"))) void ClassifyAvx2(const char* text, std::size_t blocks, TextClasses& out) {
  for (std::size_t i = 0; i < blocks; ++i) Store(OfBlockAvx2(text + i * 64), i, out);
}

const bool kHasAvx2 = __builtin_cpu_supports("avx2");

#endif

}  // namespace

void Classify(const char* text, std::size_t size, TextClasses& out) {
  const std::size_t blocks = (size + 63) / 64;
#if defined(__x86_64__)
  (kHasAvx2 ? ClassifyAvx2 : ClassifyPlain)(text, blocks, out);
#else
  ClassifyPlain(text, blocks, out);
#endif
  if (size % 64 != 0) {
    const std::uint64_t inside = ~std::uint64_t{0} >> (64 - size % 64);
    for (PositionSet* set : {&out.word, &out.digit, &out.value, &out.events})
      set->words()[blocks - 1] &= inside;
  }
  Store({}, blocks, out);
}

}  // namespace cistern
