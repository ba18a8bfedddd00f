// Text from the network on its way to a person or a program.
#pragma once

#include <string>
#include <string_view>

namespace cistern {

// Appends `text` for a terminal: control characters as `\n`, `\x1b`, `\u009b`, octets that are not UTF-8 as
// `\xff`.
void AppendVisible(std::string_view text, std::string& out);
std::string Visible(std::string_view text);

// Appends a JSON string with its quotes. Control characters are escaped, so that JSON is harmless on a
// terminal; what is not UTF-8 becomes U+FFFD.
void AppendJsonString(std::string_view text, std::string& out);

// Appends a field of CSV, in quotes where RFC 4180 wants them: with a comma, quote or line end inside.
void AppendCsvField(std::string_view text, std::string& out);

// Standard alphabet with padding.
void AppendBase64(std::string_view octets, std::string& out);

}  // namespace cistern
