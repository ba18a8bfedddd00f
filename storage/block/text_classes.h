// Which octets of a text are word bytes, digits and so on: one bit an octet, 64 octets a word.
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace cistern {

// Longer texts are not taken apart.
inline constexpr std::size_t kMaxSplitOctets = 8192;

// A set of positions in a text. Positions from the text's end on are not in it.
class PositionSet {
 public:
  std::uint64_t* words() { return words_.data(); }
  const std::uint64_t* words() const { return words_.data(); }
  bool Has(std::size_t at) const { return words_[at / 64] >> at % 64 & 1; }
  // The first position >= `at` that is in the set, or `end`. at <= end.
  std::size_t NextIn(std::size_t at, std::size_t end) const {
    std::size_t index = at / 64;
    std::uint64_t bits = words_[index] & (~std::uint64_t{0} << at % 64);
    while (bits == 0) {
      if (++index * 64 >= end) return end;
      bits = words_[index];
    }
    return index * 64 + static_cast<std::size_t>(std::countr_zero(bits));
  }
  // The first position >= `at` that is not in the set; at most the text's end.
  std::size_t NextOut(std::size_t at) const {
    std::size_t index = at / 64;
    std::uint64_t bits = ~words_[index] & (~std::uint64_t{0} << at % 64);
    while (bits == 0) bits = ~words_[++index];
    return index * 64 + static_cast<std::size_t>(std::countr_zero(bits));
  }
  // Behind the last position < `at` that is not in the set (or 0): where the run that reaches `at` starts.
  std::size_t RunStart(std::size_t at) const {
    if (at == 0) return 0;
    std::size_t index = (at - 1) / 64;
    std::uint64_t bits = ~words_[index] & (~std::uint64_t{0} >> (63 - (at - 1) % 64));
    while (bits == 0) {
      if (index == 0) return 0;
      bits = ~words_[--index];
    }
    return index * 64 + 64 - static_cast<std::size_t>(std::countl_zero(bits));
  }

 private:
  std::array<std::uint64_t, kMaxSplitOctets / 64 + 2> words_;
};

struct TextClasses {
  PositionSet word;    // word bytes as of words.h
  PositionSet digit;   // ASCII digits
  PositionSet value;   // word bytes and what may stand inside a value: !#$%*+-./:?@
  PositionSet events;  // digits and `=`
};

// `text` is at most kMaxSplitOctets long, and readable up to the next multiple of 64 octets; what stands
// there is ignored.
void Classify(const char* text, std::size_t size, TextClasses& out);

}  // namespace cistern
