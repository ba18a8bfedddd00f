// What a word is, and how case is folded: one definition for filters over the store, tails and rules.
//
// Word byte: ASCII letter, digit, `_`, or any byte >= 0x80 (so UTF-8 text needs no decoding). Word: a maximal
// run of word bytes. Every other byte is a separator. Case folding touches ASCII letters only.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace cistern {

constexpr char FoldByte(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c; }

constexpr bool IsWordByte(char c) {
  return (FoldByte(c) >= 'a' && FoldByte(c) <= 'z') || (c >= '0' && c <= '9') || c == '_' ||
         static_cast<unsigned char>(c) >= 0x80;
}

// What separates words in a filter's own text.
constexpr bool IsBlank(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

// Where a word may start or end at `pos`: no word byte on one of the two sides.
constexpr bool IsWordEdge(std::string_view text, std::size_t pos) {
  return pos == 0 || pos >= text.size() || !IsWordByte(text[pos - 1]) || !IsWordByte(text[pos]);
}

std::string Folded(std::string_view text);
bool EqualsFolded(std::string_view a, std::string_view b);
// Whether `text` at `pos` reads `folded`, which is already folded and fits.
bool FoldedAt(std::string_view text, std::size_t pos, std::string_view folded);

}  // namespace cistern
