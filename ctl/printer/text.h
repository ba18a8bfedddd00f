// Text from the network on its way to a person or a program: UTF-8, escapes, base64, width.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace cistern::ctl {

// The character that begins at `text[0]`; `text` is not empty. Not valid UTF-8: `valid` is false and `length`
// covers the octets that together become one U+FFFD (Unicode 15, section 3.9).
struct Utf8Char {
  char32_t code = 0;
  std::size_t length = 1;
  bool valid = true;
};
Utf8Char DecodeUtf8(std::string_view text);
bool IsUtf8(std::string_view text);

// Characters that can steer a terminal or reorder its text: C0, DEL, C1, bidi controls, line and paragraph
// separator.
bool IsControl(char32_t code);

// Appends `text` for a terminal: control characters as `\n`, `\x1b`, `\u009b`, octets that are not UTF-8 as
// `\xff`.
void AppendVisible(std::string_view text, std::string& out);
std::string Visible(std::string_view text);

// Appends `text` as UTF-8, with U+FFFD for what is not.
void AppendUtf8(std::string_view text, std::string& out);

// Appends a JSON string with its quotes. Control characters are escaped, so that JSON is harmless on a
// terminal; what is not UTF-8 becomes U+FFFD.
void AppendJsonString(std::string_view text, std::string& out);

// Standard alphabet with padding.
void AppendBase64(std::string_view octets, std::string& out);

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
