#include "ingest/message/tags.h"

#include <cstddef>
#include <cstdint>

namespace cistern {
namespace {

void AppendText(std::string& out, std::string_view text) {
  std::uint64_t size = text.size();
  for (; size >= 0x80; size >>= 7) out.push_back(static_cast<char>(size | 0x80));
  out.push_back(static_cast<char>(size));
  out.append(text);
}

std::optional<std::string_view> ReadText(std::string_view& rest) {
  std::uint64_t size = 0;
  for (int shift = 0;; shift += 7) {
    if (rest.empty() || shift > 56) return std::nullopt;
    auto octet = static_cast<std::uint8_t>(rest.front());
    rest.remove_prefix(1);
    size |= static_cast<std::uint64_t>(octet & 0x7f) << shift;
    if (octet < 0x80) break;
  }
  if (size > rest.size()) return std::nullopt;
  std::string_view text = rest.substr(0, size);
  rest.remove_prefix(size);
  return text;
}

bool IsNamed(std::string_view name, std::string_view first) {
  return name.starts_with(first) && (name.size() == first.size() || name[first.size()] == '.');
}

constexpr std::string_view kEvent = "event", kOrigin = "origin.";

}  // namespace

bool IsEventTag(std::string_view name) { return IsNamed(name, kEvent); }

std::string OriginTagOf(std::string_view event_tag) {
  if (kOrigin.size() + event_tag.size() > kMaxTagName) return {};
  return std::string(kOrigin) + std::string(event_tag);
}

bool IsReservedTag(std::string_view name) {
  return IsEventTag(name) || name.starts_with("cistern.") ||
         (name.starts_with(kOrigin) && IsEventTag(name.substr(kOrigin.size())));
}

void AppendTag(std::string& out, std::string_view name, std::string_view value) {
  AppendText(out, name);
  AppendText(out, value);
}

std::optional<Tag> TagsReader::Next() {
  auto name = ReadText(rest_);
  auto value = name ? ReadText(rest_) : std::nullopt;
  if (!value) {
    rest_ = {};
    return std::nullopt;
  }
  return Tag{*name, *value};
}

bool HasTag(std::string_view encoded, std::string_view name) {
  TagsReader reader(encoded);
  while (const auto tag = reader.Next()) {
    if (tag->name == name) return true;
  }
  return false;
}

}  // namespace cistern
