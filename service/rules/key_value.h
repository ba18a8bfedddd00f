// `key=value` pairs in a text.
#pragma once

#include <functional>
#include <string>
#include <string_view>

namespace cistern {

// Calls `each` for the pairs in order, until it returns false. A key is a run of letters, digits and `_ . - @
// /` that begins with a letter or `_` and stands at the beginning of a word. A value ends at a blank, `,` or
// `;`, or stands in single or double quotes, in which a backslash takes the next octet as it is. Linear in
// the text.
void ReadKeyValues(std::string_view text,
                   const std::function<bool(std::string_view key, std::string value)>& each);

}  // namespace cistern
