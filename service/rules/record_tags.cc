#include "service/rules/record_tags.h"

#include <algorithm>
#include <vector>

#include "ingest/message/tags.h"

namespace cistern {
namespace {

std::string Without(std::string_view encoded, NamedTexts names) {
  std::string left;
  TagsReader reader(encoded);
  while (const auto tag = reader.Next()) {
    const bool named =
        std::any_of(names.begin(), names.end(), [&](const auto& entry) { return entry.first == tag->name; });
    if (!named || IsReservedTag(tag->name)) AppendTag(left, tag->name, tag->value);
  }
  return left;
}

}  // namespace

bool AddTags(Record& record, NamedTexts tags, ExistingTag existing, Arena& arena) {
  std::string encoded = existing == ExistingTag::kReplace && !record.tags.empty() ? Without(record.tags, tags)
                                                                                  : std::string(record.tags);
  for (const auto& [name, value] : tags) {
    constexpr std::size_t kLengths = 20;
    if (name.size() > kMaxTagName || IsReservedTag(name)) continue;
    if (existing == ExistingTag::kStays && HasTag(encoded, name)) continue;
    if (encoded.size() + name.size() + value.size() + kLengths <= kMostTagBytes)
      AppendTag(encoded, name, value);
  }
  if (encoded == record.tags) return false;
  record.tags = arena.Copy(encoded);
  return true;
}

}  // namespace cistern
