// The syntax tree of a filter: what the user wrote, before names and values are given a meaning.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "storage/filter/filter.h"

namespace cistern::filter {

// One element of a word or phrase.
struct Atom {
  enum class Kind : std::uint8_t {
    kByte,   // this byte
    kBlank,  // an unescaped blank inside quotes: any separators in text, this byte in other fields
    kAny,    // `?`
    kStar,   // `*`
  };
  Kind kind = Kind::kByte;
  char byte = 0;
  bool operator==(const Atom&) const = default;
};
using Text = std::vector<Atom>;

bool HasWildcard(const Text& text);
// The bytes of a text without wildcards.
std::string Plain(const Text& text);

enum class Op : std::uint8_t {
  kMatch,  // `value` or `"value"`
  kRegex,  // `/value/`
  kEqual,
  kLess,
  kLessEqual,
  kGreater,
  kGreaterEqual,
  kBetween,  // `[lower TO upper]`; an absent end is `*`
};

struct Value {
  Op op = Op::kMatch;
  std::size_t offset = 0, length = 0;  // in the filter text
  Text text;                           // kMatch; the operand of a comparison; the lower end of kBetween
  std::size_t text_offset = 0;         // where `text` starts
  Text upper;                          // kBetween
  std::size_t upper_offset = 0;
  std::string regex;         // kRegex, without slashes
  bool ignore_case = false;  // kRegex

  // `*`: the field exists.
  bool exists() const;
};

struct Node {
  enum class Kind : std::uint8_t { kAll, kAnd, kOr, kNot, kTerm };
  Kind kind = Kind::kAll;
  std::vector<Node> children;  // kAnd and kOr: two or more; kNot: one
  FieldRef field;              // kTerm
  Value value;                 // kTerm
};

// The filter in canonical form.
std::string ToText(const Node& node);

}  // namespace cistern::filter
