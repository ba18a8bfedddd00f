// Text for a person: width, sizes, colours; escapes come from proto/convert.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "proto/convert/escape.h"
#include "proto/convert/utf8.h"

namespace cistern::ctl {

// Columns of a terminal, counting one for every character.
std::size_t DisplayWidth(std::string_view text);

// `64 KiB`, `1.5 GiB`, `17 B`.
std::string FormatBytes(std::uint64_t bytes);
// With a space between thousands: `1 234 567`.
std::string FormatCount(std::uint64_t count);

// SGR colours; `Paint` is `text` itself when `color` is false.
enum class Paint { kRed, kBoldRed, kYellow, kGreen, kCyan, kBold, kDim };
void AppendPainted(std::string_view text, Paint paint, bool color, std::string& out);
std::string Painted(std::string_view text, Paint paint, bool color);

}  // namespace cistern::ctl
