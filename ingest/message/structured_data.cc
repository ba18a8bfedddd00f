#include "ingest/message/structured_data.h"

#include <cstddef>

namespace cistern {
namespace {

bool NeedsEscape(char c) { return c == '"' || c == '\\' || c == ']'; }

bool EndsName(char c) { return c == ' ' || c == '=' || c == ']' || c == '"'; }

bool Take(std::string_view& rest, char c) {
  if (rest.empty() || rest.front() != c) return false;
  rest.remove_prefix(1);
  return true;
}

std::string_view TakeName(std::string_view& rest) {
  std::size_t size = 0;
  while (size < rest.size() && !EndsName(rest[size])) ++size;
  std::string_view name = rest.substr(0, size);
  rest.remove_prefix(size);
  return name;
}

// The octets up to the closing quote, which is taken as well.
bool TakeQuoted(std::string_view& rest, SdItem& item) {
  for (std::size_t i = 0; i < rest.size(); ++i) {
    if (rest[i] == '"') {
      item.value = rest.substr(0, i);
      rest.remove_prefix(i + 1);
      return true;
    }
    if (rest[i] == '\\' && i + 1 < rest.size() && NeedsEscape(rest[i + 1])) {
      item.escaped = true;
      ++i;
    }
  }
  return false;
}

bool TakeUnquoted(std::string_view& rest, SdItem& item) {
  std::size_t size = 0;
  while (size < rest.size() && rest[size] != ' ' && rest[size] != ']' && rest[size] != '"') ++size;
  item.value = rest.substr(0, size);
  rest.remove_prefix(size);
  return size > 0;
}

bool TakeParam(std::string_view& rest, SdItem& item) {
  item.has_param = true;
  item.name = TakeName(rest);
  if (item.name.empty() || !Take(rest, '=')) return false;
  Take(rest, ' ');
  return Take(rest, '"') ? TakeQuoted(rest, item) : TakeUnquoted(rest, item);
}

}  // namespace

std::optional<SdItem> StructuredDataReader::Next() {
  while (true) {
    if (!in_element_) {
      if (!Take(rest_, '[')) return std::nullopt;
      id_ = TakeName(rest_);
      in_element_ = first_ = true;
    }
    bool space = Take(rest_, ' ');
    SdItem item{.id = id_, .first_of_element = first_};
    if (Take(rest_, ']')) {
      in_element_ = false;
      if (first_) return item;
      continue;
    }
    first_ = false;
    if (!space || !TakeParam(rest_, item)) {
      in_element_ = false;
      rest_ = {};
      return std::nullopt;
    }
    return item;
  }
}

void UnescapeSdValue(std::string_view value, std::string& out) {
  out.clear();
  for (std::size_t i = 0; i < value.size(); ++i) {
    if (value[i] == '\\' && i + 1 < value.size() && NeedsEscape(value[i + 1])) ++i;
    out.push_back(value[i]);
  }
}

void EscapeSdValue(std::string_view value, std::string& out) {
  for (char c : value) {
    if (NeedsEscape(c)) out.push_back('\\');
    out.push_back(c);
  }
}

}  // namespace cistern
