// Matches words and phrases in message text.
//
// A pattern matches where its elements stand one after another, without regard to ASCII case:
//   byte    that byte;
//   blank   one or more separators (leading and trailing blanks do not count);
//   `?`     one word byte;
//   `*`     any number of word bytes.
// Where the pattern begins (ends) with a word byte or `?`, a word of the text must begin (end) there; a `*`
// at an end lifts that.
//
// Cost: linear in the text, without backtracking. A pattern of bytes alone is searched directly. Any other
// runs as a bit-parallel automaton, and only on texts that hold its longest run of bytes. Immutable, hence
// shared by threads.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "storage/filter/ast.h"
#include "storage/filter/literal_finder.h"

namespace cistern::filter {

// A pattern without what means nothing: no blanks at the ends, no repeated blanks and stars.
struct Elements {
  Text atoms;                // neither begins nor ends with a star
  bool word_before = false;  // a word must begin where the pattern begins
  bool word_behind = false;  // a word must end where the pattern ends
};
Elements ElementsOf(const Text& written);

// Whether `atom` stands for a word byte.
bool IsWordAtom(const Atom& atom);
// The longest run of atoms that are bytes.
std::string LongestRun(const Text& atoms);

class TextPattern {
 public:
  explicit TextPattern(const Text& text) : TextPattern(ElementsOf(text)) {}
  explicit TextPattern(const Elements& elements);
  bool Matches(std::string_view text) const;
  // Nothing but bytes: cheaper than with blanks and wildcards.
  bool is_literal() const { return states_ == 0; }

 private:
  bool MatchesLiteral(std::string_view text) const;
  bool RunAutomaton(std::string_view text) const;
  void BuildAutomaton(const Text& text);
  void AddState(std::size_t state, const Atom& atom);

  bool word_before_, word_behind_;       // as in Elements
  std::optional<LiteralFinder> finder_;  // the pattern, or its longest run of bytes
  // The automaton; states_ == 0: none. Sets of states are `width_` words of 64 bits.
  std::size_t states_ = 0;
  std::size_t width_ = 0;
  std::vector<std::uint64_t> enter_;                // per byte: states that this byte leads into
  std::array<std::vector<std::uint64_t>, 2> stay_;  // states that a separator [0], a word byte [1] keeps
};

}  // namespace cistern::filter
