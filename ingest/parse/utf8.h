// Is a text valid UTF-8 (RFC 3629: no overlong forms, no surrogates, at most U+10FFFF)?
#pragma once

#include <string_view>

namespace cistern {

// ASCII costs about one instruction an octet or less.
bool IsUtf8(std::string_view text);

}  // namespace cistern
