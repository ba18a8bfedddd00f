// Changing the tags of a record.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "ingest/message/record_batch.h"

namespace cistern {

// Most octets of a record's tags, encoded: what would go beyond is left out.
inline constexpr std::size_t kMostTagBytes = 64 << 10;

using NamedTexts = std::span<const std::pair<std::string, std::string>>;

// Adds tags in order. One that is there already is replaced, or stays; reserved names and those too long for
// a tag are left out. Whether anything changed.
enum class ExistingTag { kReplace, kStays };
bool AddTags(Record& record, NamedTexts tags, ExistingTag existing, Arena& arena);

}  // namespace cistern
