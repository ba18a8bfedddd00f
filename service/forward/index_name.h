// Names of indexes in which `{year}`, `{month}` and `{day}` (UTC) stand for a date.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace cistern {

// What is wrong with a name by the rules of Elasticsearch; nothing: it can be used.
std::optional<std::string> CheckIndexName(std::string_view name);
// Appends the name on the day of `time`, ns since the Unix epoch.
void AppendIndexName(std::string_view name, std::int64_t time, std::string& out);

}  // namespace cistern
