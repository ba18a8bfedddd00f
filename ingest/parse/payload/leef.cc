// IBM QRadar Log Event Extended Format:
//   LEEF:1.0|vendor|product|version|event id|key=value<TAB>key=value ...
//   LEEF:2.0|vendor|product|version|event id|delimiter|key=value<delimiter>key=value ...
// The delimiter is one character, or its code as xHH or 0xHH; empty or left out it is a tab.
#include <algorithm>
#include <array>
#include <charconv>
#include <optional>

#include "ingest/parse/payload/header_fields.h"
#include "ingest/parse/payload/payload.h"

namespace cistern {
namespace {

constexpr std::string_view kPrefix = "LEEF:";
constexpr std::array<std::string_view, 5> kHeaderNames = {"version", "vendor", "product", "product_version",
                                                          "event_id"};

bool IsVersion(std::string_view text) {
  const auto allowed = [](char c) { return (c >= '0' && c <= '9') || c == '.'; };
  return !text.empty() && text.front() != '.' && std::all_of(text.begin(), text.end(), allowed);
}

// The character that a delimiter field names; nullopt when the text is no delimiter field.
std::optional<char> ParseDelimiter(std::string_view text) {
  if (text.empty()) return '\t';
  if (text.size() == 1) return text.front();
  if (text.starts_with("0x") || text.starts_with("0X")) text.remove_prefix(1);
  if (text.size() < 2 || text.size() > 5 || (text.front() != 'x' && text.front() != 'X')) return std::nullopt;
  unsigned code = 0;
  const auto [end, error] = std::from_chars(text.data() + 1, text.data() + text.size(), code, 16);
  if (error != std::errc() || end != text.data() + text.size() || code > 0xff) return std::nullopt;
  return static_cast<char>(code);
}

char TakeDelimiter(std::string_view& rest) {
  std::string_view behind = rest;
  const auto field = TakeHeaderField(behind, false);
  const auto delimiter = field ? ParseDelimiter(*field) : std::nullopt;
  if (!delimiter) return '\t';
  rest = behind;
  return *delimiter;
}

void AddAttributes(std::string_view text, char delimiter, Payload& payload) {
  while (!text.empty()) {
    const std::size_t end = std::min(text.find(delimiter), text.size());
    const std::string_view pair = TrimLeadingSpaces(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
    const std::size_t equals = pair.find('=');
    if (equals == 0 || equals == std::string_view::npos) continue;
    payload.fields.push_back(
        {std::string(pair.substr(0, equals)), std::string(pair.substr(equals + 1)), true});
  }
}

// The last header field of a message that has no '|' behind it, hence no attributes.
std::optional<std::string_view> TakeLastField(std::string_view& rest) {
  if (rest.empty() || rest.find_first_of("\t=") != std::string_view::npos) return std::nullopt;
  const std::string_view field = rest;
  rest = {};
  return field;
}

}  // namespace

Payload ExtractLeef(const Record& record) {
  std::string_view rest = TrimLeadingSpaces(record.message);
  if (!rest.starts_with(kPrefix)) return {};
  rest.remove_prefix(kPrefix.size());
  Payload payload;
  for (const std::string_view name : kHeaderNames) {
    auto field = TakeHeaderField(rest, false);
    if (!field && name == kHeaderNames.back()) field = TakeLastField(rest);
    if (!field) return {};
    payload.fields.push_back({std::string(name), std::string(*field), false});
  }
  const std::string& version = payload.fields.front().value;
  if (!IsVersion(version)) return {};
  payload.kind = PayloadKind::kLeef;
  AddAttributes(rest, version.starts_with("1") ? '\t' : TakeDelimiter(rest), payload);
  return payload;
}

}  // namespace cistern
