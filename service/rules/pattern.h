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
inline constexpr std::size_t kMostPatternMemory = 256 * 1024;  // octets, of the program and its automata

// Compiles a pattern over octets (messages need not be UTF-8). The error is what is wrong with it, such as
// `missing ): (a` or `is too large`.
Result<std::shared_ptr<const re2::RE2>, std::string> CompilePattern(std::string_view pattern);

// Names of its named groups, ascending.
std::vector<std::string> GroupNames(const re2::RE2& pattern);

}  // namespace cistern
