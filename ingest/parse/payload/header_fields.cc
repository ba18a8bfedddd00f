#include "ingest/parse/payload/header_fields.h"

#include <algorithm>

namespace cistern {

std::optional<std::string_view> TakeHeaderField(std::string_view& rest, bool escapes) {
  for (std::size_t i = 0; i < rest.size(); ++i) {
    if (escapes && rest[i] == '\\') {
      ++i;
    } else if (rest[i] == '|') {
      const std::string_view field = rest.substr(0, i);
      rest.remove_prefix(i + 1);
      return field;
    }
  }
  return std::nullopt;
}

std::string_view TrimLeadingSpaces(std::string_view text) {
  text.remove_prefix(std::min(text.find_first_not_of(' '), text.size()));
  return text;
}

}  // namespace cistern
