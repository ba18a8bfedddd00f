// What CEF and LEEF headers have in common: fields that end at '|'.
#pragma once

#include <optional>
#include <string_view>

namespace cistern {

// Takes the text before the next '|' off `rest`, together with the '|'. A '|' behind a backslash does not
// count when `escapes` is set. Nullopt, and `rest` unchanged, when there is none.
std::optional<std::string_view> TakeHeaderField(std::string_view& rest, bool escapes);

// `text` without the spaces at its start.
std::string_view TrimLeadingSpaces(std::string_view text);

}  // namespace cistern
