// ArcSight Common Event Format:
//   CEF:<digits>|device vendor|device product|device version|event class id|name|severity|[extension]
// In the header `\|` and `\\` are escapes. The extension is `key=value key=value ...`; values may hold
// spaces, so a key is what looks like one directly before an unescaped '='.
#include <algorithm>
#include <array>
#include <optional>

#include "ingest/parse/payload/header_fields.h"
#include "ingest/parse/payload/payload.h"

namespace cistern {
namespace {

constexpr std::string_view kPrefix = "CEF:";
constexpr std::array<std::string_view, 7> kHeaderNames = {
    "version", "device_vendor", "device_product", "device_version", "device_event_class_id",
    "name",    "severity"};

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

bool IsKeyOctet(char c) {
  return IsDigit(c) || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '_' || c == '.' || c == ',' ||
         c == '[' || c == ']' || c == '-';
}

std::string UnescapeHeader(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\\' && i + 1 < text.size() && (text[i + 1] == '|' || text[i + 1] == '\\')) ++i;
    out.push_back(text[i]);
  }
  return out;
}

std::string UnescapeValue(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char next = text[i] == '\\' && i + 1 < text.size() ? text[i + 1] : '\0';
    if (next == '=' || next == '\\' || next == 'n' || next == 'r') {
      out.push_back(next == 'n' ? '\n' : next == 'r' ? '\r' : next);
      ++i;
    } else {
      out.push_back(text[i]);
    }
  }
  return out;
}

// The last header field of a message that has no '|' behind it, hence no extension.
std::optional<std::string_view> TakeLastField(std::string_view& rest) {
  if (rest.empty() || rest.find_first_of(" =") != std::string_view::npos) return std::nullopt;
  const std::string_view field = rest;
  rest = {};
  return field;
}

struct Key {
  std::size_t start;
  std::size_t equals;
};

// The next key at or behind `from`.
std::optional<Key> FindKey(std::string_view text, std::size_t from) {
  std::size_t start = from;  // of the current run of key octets
  for (std::size_t i = from; i < text.size(); ++i) {
    if (text[i] == '=' && start < i && (start == 0 || text[start - 1] == ' ')) return Key{start, i};
    if (!IsKeyOctet(text[i])) start = i + 1;
  }
  return std::nullopt;
}

void AddExtension(std::string_view text, Payload& payload) {
  auto key = FindKey(text, 0);
  while (key) {
    const auto next = FindKey(text, key->equals + 1);
    std::string_view value =
        text.substr(key->equals + 1, (next ? next->start : text.size()) - key->equals - 1);
    value = value.substr(0, value.find_last_not_of(' ') + 1);
    payload.fields.push_back(
        {std::string(text.substr(key->start, key->equals - key->start)), UnescapeValue(value), true});
    key = next;
  }
}

}  // namespace

Payload ExtractCef(const Record& record) {
  std::string_view rest = TrimLeadingSpaces(record.message);
  if (!rest.starts_with(kPrefix)) return {};
  rest.remove_prefix(kPrefix.size());
  Payload payload;
  for (const std::string_view name : kHeaderNames) {
    auto field = TakeHeaderField(rest, true);
    if (!field && name == kHeaderNames.back()) field = TakeLastField(rest);
    if (!field) return {};
    payload.fields.push_back({std::string(name), UnescapeHeader(*field), false});
  }
  const std::string& version = payload.fields.front().value;
  if (version.empty() || !std::all_of(version.begin(), version.end(), IsDigit)) return {};
  payload.kind = PayloadKind::kCef;
  AddExtension(rest, payload);
  return payload;
}

}  // namespace cistern
