// Protobuf `string` fields hold valid UTF-8 only.
#pragma once

#include <string>
#include <string_view>

namespace cistern {

// `text` with every maximal ill-formed part replaced by U+FFFD (Unicode chapter 3, "best practice").
std::string ToUtf8(std::string_view text);

}  // namespace cistern
