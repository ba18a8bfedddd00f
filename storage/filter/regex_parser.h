// Regular expressions as a tree, so far as PositionAutomaton understands them.
#pragma once

#include <bitset>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

namespace cistern::filter {

struct RegexNode {
  enum class Kind : std::uint8_t { kBytes, kSequence, kEither, kRepeat };
  static constexpr unsigned kUnlimited = UINT32_MAX;

  Kind kind = Kind::kSequence;
  std::bitset<256> bytes;        // kBytes: any one of them
  std::vector<RegexNode> parts;  // kSequence, kEither; kRepeat: one
  unsigned min = 0, max = 0;     // kRepeat
};

// `pattern` is one that RE2 takes; the tree means the same in Latin-1. Absent where something is not
// understood.
std::optional<RegexNode> ParseRegex(std::string_view pattern, bool ignore_case);

}  // namespace cistern::filter
