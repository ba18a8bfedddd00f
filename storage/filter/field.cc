#include "storage/filter/field.h"

#include <array>
#include <cstdio>
#include <optional>
#include <vector>

#include "storage/filter/suggest.h"
#include "storage/words.h"

namespace cistern::filter {
namespace {

struct ColumnName {
  std::string_view name;
  Column column;
};
// The first name of a column is the canonical one.
constexpr ColumnName kColumns[] = {
    {"id", Column::kId},
    {"time", Column::kTime},
    {"received", Column::kReceived},
    {"hostname", Column::kHostname},
    {"host", Column::kHostname},
    {"app_name", Column::kAppName},
    {"app", Column::kAppName},
    {"procid", Column::kProcid},
    {"msgid", Column::kMsgid},
    {"facility", Column::kFacility},
    {"severity", Column::kSeverity},
    {"peer", Column::kPeer},
    {"port", Column::kPort},
    {"transport", Column::kTransport},
    {"listener", Column::kListener},
    {"tls_identity", Column::kTlsIdentity},
    {"format", Column::kFormat},
    {"flags", Column::kFlags},
    {"message", Column::kMessage},
    {"msg", Column::kMessage},
    {"raw", Column::kRaw},
};

struct Family {
  std::string_view name;
  FieldRef::Kind kind;
};
constexpr Family kFamilies[] = {
    {"tag", FieldRef::Kind::kTag}, {"sd", FieldRef::Kind::kStructuredData}, {"json", FieldRef::Kind::kJson},
    {"cef", FieldRef::Kind::kCef}, {"leef", FieldRef::Kind::kLeef},         {"cisco", FieldRef::Kind::kCisco},
};

std::vector<std::string_view> AllNames() {
  std::vector<std::string_view> names;
  for (const auto& entry : kColumns) names.push_back(entry.name);
  for (const auto& entry : kFamilies) names.push_back(entry.name);
  return names;
}

const ColumnName* FindColumn(std::string_view folded) {
  for (const auto& entry : kColumns) {
    if (entry.name == folded) return &entry;
  }
  return nullptr;
}

const Family* FindFamily(std::string_view folded) {
  for (const auto& entry : kFamilies) {
    if (entry.name == folded) return &entry;
  }
  return nullptr;
}

bool IsNameByte(char c) { return IsWordByte(c) || c == '.' || c == '@' || c == '-'; }

// The dots outside quotes, and the text without its quotes.
struct Parts {
  std::string text;
  std::vector<std::size_t> dots;
};

// Nothing: a quote is not closed.
std::optional<Parts> Split(std::string_view name) {
  Parts parts;
  bool quoted = false;
  for (std::size_t i = 0; i < name.size(); ++i) {
    if (name[i] == '"') {
      quoted = !quoted;
    } else if (quoted && name[i] == '\\' && i + 1 < name.size()) {
      parts.text.push_back(name[++i]);
    } else {
      if (name[i] == '.' && !quoted) parts.dots.push_back(parts.text.size());
      parts.text.push_back(name[i]);
    }
  }
  if (quoted) return std::nullopt;
  return parts;
}

FilterError Unknown(std::string_view name, std::string_view first) {
  const auto names = AllNames();
  const std::string what =
      Nearest(first, names)
          ? "a field name"
          : "a field name such as host, app, severity, peer or tag.NAME; to search for this "
            "text, write it in quotes";
  return {0, Quoted(name), WithSuggestion(what, first, names)};
}

// `text` holds a name byte by byte, each of which may stand unquoted in a field name.
std::string QuoteIfNeeded(std::string_view text, bool dots_allowed) {
  bool plain = !text.empty();
  for (char c : text) plain = plain && IsNameByte(c) && (dots_allowed || c != '.');
  if (plain) return std::string(text);
  std::string quoted = "\"";
  for (char c : text) {
    if (c == '"' || c == '\\') quoted.push_back('\\');
    quoted.push_back(c);
  }
  return quoted + '"';
}

Result<FieldRef, FilterError> FamilyField(std::string_view name, const Family& family, const Parts& parts) {
  const std::string key = parts.text.substr(parts.dots.front() + 1);
  if (family.kind != FieldRef::Kind::kStructuredData) {
    if (key.empty()) return FilterError{name.size(), "end of name", "a name behind the dot"};
    return FieldRef{family.kind, Column::kMessage, {}, key};
  }
  const std::size_t last = parts.dots.back() - parts.dots.front();  // of the dot, behind `sd`
  if (parts.dots.size() < 2 || last == 1 || last == key.size()) {
    return FilterError{0, Quoted(name), "sd.ID.NAME, for example sd.origin.ip"};
  }
  return FieldRef{family.kind, Column::kStructuredData, key.substr(0, last - 1), key.substr(last)};
}

}  // namespace

bool IsKnownField(std::string_view name) {
  const std::string first = Folded(name.substr(0, name.find('.')));
  return name.size() == first.size() ? FindColumn(first) || FindFamily(first) : FindFamily(first) != nullptr;
}

std::string FieldName(const FieldRef& field) {
  if (field.kind == FieldRef::Kind::kColumn) {
    for (const auto& entry : kColumns) {
      if (entry.column == field.column) return std::string(entry.name);
    }
  }
  for (const auto& family : kFamilies) {
    if (family.kind != field.kind) continue;
    const std::string prefix = std::string(family.name) + '.';
    if (field.kind != FieldRef::Kind::kStructuredData) return prefix + QuoteIfNeeded(field.key, true);
    return prefix + QuoteIfNeeded(field.sd_id, true) + '.' + QuoteIfNeeded(field.key, false);
  }
  return {};
}

std::size_t ScanFieldName(std::string_view text) {
  if (text.empty() || !IsWordByte(text[0]) || (text[0] >= '0' && text[0] <= '9')) return 0;
  std::size_t i = 1;
  while (i < text.size()) {
    if (IsNameByte(text[i])) {
      ++i;
    } else if (text[i] == '"' && text[i - 1] == '.') {
      for (++i; i < text.size() && text[i] != '"'; ++i) i += text[i] == '\\';
      if (i >= text.size()) return 0;
      ++i;
    } else {
      break;
    }
  }
  return i;
}

std::string Quoted(std::string_view text) {
  constexpr std::size_t kLongest = 40;
  std::size_t size = std::min(text.size(), kLongest);
  while (size < text.size() && size > 0 && (static_cast<unsigned char>(text[size]) & 0xC0) == 0x80) --size;
  std::string quoted = "\"";
  for (char c : text.substr(0, size)) {
    if (static_cast<unsigned char>(c) >= 0x20 && c != 0x7F) {
      quoted.push_back(c);
    } else {
      char escaped[8];
      std::snprintf(escaped, sizeof escaped, "\\x%02x", static_cast<unsigned char>(c));
      quoted += escaped;
    }
  }
  return quoted + (size < text.size() ? "...\"" : "\"");
}

}  // namespace cistern::filter

namespace cistern {

Result<FieldRef, FilterError> ParseField(std::string_view name) {
  const auto parts = filter::Split(name);
  if (!parts) return FilterError{name.size(), "end of name", "a closing quote"};
  if (parts->text.empty()) return FilterError{0, "end of name", "a field name"};
  const std::size_t dot = parts->dots.empty() ? std::string::npos : parts->dots.front();
  const std::string first = Folded(parts->text.substr(0, dot));
  if (const auto* family = filter::FindFamily(first)) {
    if (dot != std::string::npos) return filter::FamilyField(name, *family, *parts);
    const bool sd = family->kind == FieldRef::Kind::kStructuredData;
    return FilterError{0, filter::Quoted(name), first + (sd ? ".ID.NAME" : ".NAME")};
  }
  const auto* column = filter::FindColumn(first);
  if (!column || dot != std::string::npos) return filter::Unknown(name, first);
  return FieldRef{FieldRef::Kind::kColumn, column->column, {}, {}};
}

}  // namespace cistern
