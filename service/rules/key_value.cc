#include "service/rules/key_value.h"

#include "storage/words.h"

namespace cistern {
namespace {

bool IsLetter(char c) { return (FoldByte(c) >= 'a' && FoldByte(c) <= 'z') || c == '_'; }
bool IsKeyByte(char c) {
  return IsLetter(c) || (c >= '0' && c <= '9') || c == '.' || c == '-' || c == '@' || c == '/';
}
bool EndsValue(char c) { return IsBlank(c) || c == ',' || c == ';'; }

// Behind `i`, which is moved behind the value.
std::string TakeQuoted(std::string_view text, std::size_t& i) {
  const char quote = text[i++];
  std::string value;
  for (; i < text.size() && text[i] != quote; ++i) {
    if (text[i] == '\\' && i + 1 < text.size()) ++i;
    value += text[i];
  }
  if (i < text.size()) ++i;
  return value;
}

std::string TakeValue(std::string_view text, std::size_t& i) {
  if (i < text.size() && (text[i] == '"' || text[i] == '\'')) return TakeQuoted(text, i);
  const std::size_t begin = i;
  while (i < text.size() && !EndsValue(text[i])) ++i;
  std::string_view value = text.substr(begin, i - begin);
  // `(uid=0)`: the parenthesis was opened before the key.
  if (value.ends_with(')') && value.find('(') == std::string_view::npos) value.remove_suffix(1);
  return std::string(value);
}

}  // namespace

void ReadKeyValues(std::string_view text,
                   const std::function<bool(std::string_view key, std::string value)>& each) {
  for (std::size_t i = 0; i < text.size();) {
    if (!IsLetter(text[i])) {
      // A word that begins otherwise is passed as a whole.
      const bool key_byte = IsKeyByte(text[i]);
      ++i;
      while (key_byte && i < text.size() && IsKeyByte(text[i])) ++i;
      continue;
    }
    const std::size_t begin = i;
    while (i < text.size() && IsKeyByte(text[i])) ++i;
    if (i >= text.size() || text[i] != '=') continue;
    const std::string_view key = text.substr(begin, i - begin);
    ++i;
    std::string value = TakeValue(text, i);
    if (!value.empty() && !each(key, std::move(value))) return;
  }
}

}  // namespace cistern
