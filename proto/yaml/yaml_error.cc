#include "proto/yaml/yaml_error.h"

#include <utility>

namespace cistern {
namespace {

std::string Position(const Origin& where) {
  if (where.kind != OriginKind::kFile || where.line == 0) {
    return where.kind == OriginKind::kFile ? where.source : where.ToString();
  }
  return where.source + ":" + std::to_string(where.line) + ":" + std::to_string(where.column);
}

}  // namespace

std::string Origin::ToString() const {
  switch (kind) {
    case OriginKind::kDefault:
      return "default";
    case OriginKind::kFile:
      return line == 0 ? source : source + ":" + std::to_string(line);
    case OriginKind::kEnvironment:
      return "environment " + source;
    case OriginKind::kFlag:
      return "flag " + source;
  }
  return {};
}

const Origin& NearestOrigin(const Origins& origins, std::string_view key) {
  static const Origin kNone;
  for (;;) {
    if (const auto found = origins.find(key); found != origins.end()) return found->second;
    if (key.empty()) return kNone;
    const std::size_t cut = key.find_last_of(".[");
    key = cut == std::string_view::npos ? std::string_view() : key.substr(0, cut);
  }
}

std::string JoinKey(std::string_view parent, std::string_view name) {
  if (parent.empty()) return std::string(name);
  return std::string(parent) + "." + std::string(name);
}

std::string JoinIndex(std::string_view list, int index) {
  return std::string(list) + "[" + std::to_string(index) + "]";
}

std::string YamlError::ToString() const {
  std::string line = Position(where) + ": ";
  if (!key.empty()) line += key + ": ";
  line += message;
  if (!suggestion.empty()) line += "; did you mean " + suggestion + "?";
  return line;
}

void YamlErrors::Add(const Origin& where, std::string key, std::string message, std::string suggestion) {
  items.push_back({where, std::move(key), std::move(message), std::move(suggestion)});
}

std::string YamlErrors::ToString() const {
  std::string text;
  for (const YamlError& error : items) text += error.ToString() + "\n";
  return text;
}

}  // namespace cistern
