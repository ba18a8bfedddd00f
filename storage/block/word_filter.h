// The filter of words with digits, in chunks of a few KB; FORMAT.md describes the octets.
//
// Two parts a chunk. Pages: for integers that lie close together (ports, process ids, sequence numbers) one
// bit each. All other words: a split-block Bloom filter, eight bits of one 32-octet block a word.
// Everything errs to the safe side: what cannot be read may hold every word.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "storage/block/sealed_block.h"

namespace cistern {

// What a key stands for. On disk: never renumber. Values of other columns follow, see SpaceOf().
enum class KeySpace : std::uint8_t { kWord = 0, kAddress = 1, kInteger = 2 };
// The values of a string column other than the message.
KeySpace SpaceOf(Column column);

// Which words a block may hold is asked by keys of 64 bits: the top four choose the chunk, the next twenty
// the block in it, five each of the rest a bit in each of its eight words.
using WordKey = std::uint64_t;
constexpr std::size_t ChunkOf(WordKey key) { return key >> 60; }

// `folded` is a whole word, address or value.
WordKey KeyOf(KeySpace space, std::string_view folded, std::uint64_t seed);

// Of a word that ReadDecimal() takes. Integers of one page share a chunk.
WordKey KeyOfInteger(std::uint64_t value, std::uint64_t seed);

// Whether neighbouring integers occur: number = value / 4096.
struct IntegerPage {
  static constexpr std::uint64_t kValues = 4096;
  std::uint64_t number = 0;
  std::array<std::uint64_t, kValues / 64> bits{};
};
inline constexpr std::size_t kPageOctets = sizeof(IntegerPage::bits);

// Bits of filter for each distinct word: see README.md for the measurement.
inline constexpr std::size_t kBitsPerWord = 16;

// Octets of a Bloom filter for so many keys.
std::size_t BloomOctets(std::size_t keys, std::size_t bits_per_key = kBitsPerWord);
// `bloom` holds BloomOctets() octets, all 0 at first.
void BloomAdd(std::span<char> bloom, std::span<const WordKey> keys);
// False for an empty filter, true for one that is cut off.
bool BloomMayHold(std::string_view bloom, WordKey key);

// Empty when there are neither keys nor pages. Pages ascend.
std::string WriteChunk(std::size_t number, std::uint64_t seed, std::span<const WordKey> keys,
                       std::span<const IntegerPage* const> pages);

// A view of a chunk whose checksum was checked.
class WordChunk {
 public:
  // Absent when damaged, or not chunk `number` of the block with this seed.
  static std::optional<WordChunk> Open(std::string_view octets, std::size_t number, std::uint64_t seed,
                                       Octets checked = Octets::kUnchecked);
  bool MayHold(WordKey key) const { return BloomMayHold(bloom_, key); }
  // Whether a page has it. If not, it may still be among the keys.
  bool HoldsInteger(std::uint64_t value) const;

 private:
  std::string_view numbers_, bits_, bloom_;
};

}  // namespace cistern
