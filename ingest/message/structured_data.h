// Reads RFC 5424 section 6.3 structured data from its text, in order, without allocation.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace cistern {

// One parameter of one element. An element without parameters is reported once with `has_param` false.
struct SdItem {
  std::string_view id;
  bool has_param = false;
  std::string_view name;
  std::string_view value;  // as written: still escaped
  bool escaped = false;    // value holds at least one of \" \\ \]
  bool first_of_element = false;
};

// Walks text that a parser accepted (also the lenient forms: unquoted values, a space after `=` or before
// `]`). Text that is not structured data ends the walk early; it never reads past the end.
class StructuredDataReader {
 public:
  explicit StructuredDataReader(std::string_view text) : rest_(text) {}
  std::optional<SdItem> Next();

 private:
  std::string_view rest_;
  std::string_view id_;
  bool in_element_ = false;
  bool first_ = false;
};

// `\"` `\\` `\]` become the character; any other backslash stays (RFC 5424 6.3.3).
void UnescapeSdValue(std::string_view value, std::string& out);
// Appends `value` with `"`, `\` and `]` escaped.
void EscapeSdValue(std::string_view value, std::string& out);

}  // namespace cistern
