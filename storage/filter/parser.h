// Filter text to syntax tree.
//
//   or    = and { ("OR" | "||") and }
//   and   = not { ["AND" | "&&"] not }
//   not   = ("NOT" | "!" | "-") not | term
//   term  = "(" or ")" | field ":" value | field ":" "(" or ")" | word | "quoted" | /regex/
//
// Inside field:( ... ) every word is a value of that field.
#pragma once

#include <string_view>

#include "storage/filter/ast.h"

namespace cistern::filter {

// Nesting of parentheses and negations together.
inline constexpr int kMaxDepth = 64;

Result<Node, FilterError> ParseText(std::string_view text);

}  // namespace cistern::filter
