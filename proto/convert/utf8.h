// UTF-8: protobuf `string` fields, JSON and terminals hold nothing else.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace cistern {

// The character that begins at `text[0]`; `text` is not empty. Not valid UTF-8: `valid` is false and `length`
// covers the octets that together become one U+FFFD (Unicode 15, section 3.9).
struct Utf8Char {
  char32_t code = 0;
  std::size_t length = 1;
  bool valid = true;
};
Utf8Char DecodeUtf8(std::string_view text);

// What stands for octets that are not UTF-8: U+FFFD.
inline constexpr std::string_view kReplacementCharacter = "\xef\xbf\xbd";
// Appends `text` as UTF-8, with U+FFFD for every part that is not.
void AppendUtf8(std::string_view text, std::string& out);
std::string ToUtf8(std::string_view text);

// The length of `text` cut to at most `most` octets, not within a UTF-8 character.
std::size_t CutUtf8(std::string_view text, std::size_t most);

// Characters that can steer a terminal or reorder its text: C0, DEL, C1, bidi controls, line and paragraph
// separator.
bool IsControl(char32_t code);

}  // namespace cistern
