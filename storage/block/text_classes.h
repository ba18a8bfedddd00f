// Which octets of a text are word bytes, digits and so on: one bit an octet, 64 octets a word.
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>

namespace cistern {

// Longer texts are not taken apart.
inline constexpr std::size_t kMaxSplitOctets = 8192;

// A set of positions in a text. Positions from the text's end on are not in it.
class PositionSet {
 public:
  // More than the texts need: behind the last octet there is always a position that is not in the set.
  static constexpr std::size_t kWords = kMaxSplitOctets / 64 + 2;

  std::uint64_t& operator[](std::size_t word) { return words_[word]; }
  std::uint64_t operator[](std::size_t word) const { return words_[word]; }
  bool Has(std::size_t at) const { return words_[at / 64] >> at % 64 & 1; }
  void Add(std::size_t at) { words_[at / 64] |= std::uint64_t{1} << at % 64; }
  // Bit i: whether the position that is `ahead` beyond 64·word + i is in the set. 0 < ahead < 64.
  std::uint64_t Ahead(std::size_t word, unsigned ahead) const {
    return words_[word] >> ahead | words_[word + 1] << (64 - ahead);
  }
  // The first position >= `at` that is not in the set.
  std::size_t NextOut(std::size_t at) const {
    std::size_t index = at / 64;
    std::uint64_t bits = ~words_[index] & (~std::uint64_t{0} << at % 64);
    while (bits == 0) bits = ~words_[++index];
    return index * 64 + static_cast<std::size_t>(std::countr_zero(bits));
  }
  // Where the run of positions starts that ends before `at`, which is not 0.
  std::size_t RunStart(std::size_t at) const {
    std::size_t index = (at - 1) / 64;
    std::uint64_t bits = ~words_[index] & (~std::uint64_t{0} >> (63 - (at - 1) % 64));
    while (bits == 0) {
      if (index == 0) return 0;
      bits = ~words_[--index];
    }
    return index * 64 + 64 - static_cast<std::size_t>(std::countl_zero(bits));
  }

 private:
  std::array<std::uint64_t, kWords> words_{};
};

struct TextClasses {
  PositionSet word;        // word bytes as of words.h
  PositionSet digit;       // ASCII digits
  PositionSet hex_letter;  // a-f, A-F
  PositionSet joiner;      // . : - / @
  PositionSet equals;      // =
  PositionSet quote;       // " and <
};

// `text` is at most kMaxSplitOctets long, and readable up to the next multiple of 64 octets; what stands
// there is ignored. Fills the words that `size` octets take and the one behind them.
void Classify(const char* text, std::size_t size, TextClasses& out);
// The same without vector instructions: what Classify() does where the processor lacks them.
void ClassifyPlain(const char* text, std::size_t size, TextClasses& out);

}  // namespace cistern
