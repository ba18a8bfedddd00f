// Entries of a map field with scalar values, such as `tags: {team: web}`. A path is `tags.team`.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "proto/yaml/scalar.h"

namespace cistern {

// The same as for other names that people write.
inline constexpr std::size_t kLongestMapName = 256;

// Appends an entry; on a problem the message is unchanged. The caller sees to it that the name is a new one.
std::optional<ScalarProblem> AddMapEntry(google::protobuf::Message& message,
                                         const google::protobuf::FieldDescriptor& map, std::string_view name,
                                         std::string_view text, const std::string& folder);

// Sets the entry of that name, or appends one; on a problem the message is unchanged.
std::optional<ScalarProblem> SetMapEntry(google::protobuf::Message& message,
                                         const google::protobuf::FieldDescriptor& map, std::string_view name,
                                         std::string_view text, const std::string& folder);

// What is wrong with one entry, its name included.
std::optional<ScalarProblem> CheckMapEntry(google::protobuf::Message& entry);

struct MapEntry {
  std::string name;
  int index;  // in the repeated field that the map is to reflection
};
// Ascending by name.
std::vector<MapEntry> SortedMapEntries(const google::protobuf::Message& message,
                                       const google::protobuf::FieldDescriptor& map);

}  // namespace cistern
