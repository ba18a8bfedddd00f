// Regular expressions of rules: RE2, bounded, so that a hostile one costs linear time and little memory.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "ingest/message/result.h"

namespace re2 {
class RE2;
}

namespace cistern {

inline constexpr std::size_t kLongestPattern = 1024;           // octets
inline constexpr std::size_t kMostPatternMemory = 512 * 1024;  // octets, of the program and its automata
// Of the program: what a pattern without counted repeats may need; these multiply. A text made to be slow
// costs a few ns a step and octet, any other about one ns an octet.
inline constexpr int kMostPatternSteps = 1200;

// Compiles a pattern over octets (messages need not be UTF-8). The error is what is wrong with it, such as
// `missing ): (a` or `is too large`. What it gives is what runs: rules compile with nothing else.
Result<std::shared_ptr<const re2::RE2>, std::string> CompilePattern(std::string_view pattern);

// Names of its named groups, ascending.
std::vector<std::string> GroupNames(const re2::RE2& pattern);

}  // namespace cistern
