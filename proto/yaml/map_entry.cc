#include "proto/yaml/map_entry.h"

#include <google/protobuf/descriptor.h>
#include <google/protobuf/message.h>

#include <algorithm>

namespace cistern {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;

const FieldDescriptor& NameField(const Message& entry) { return *entry.GetDescriptor()->map_key(); }
const FieldDescriptor& ValueField(const Message& entry) { return *entry.GetDescriptor()->map_value(); }

std::optional<ScalarProblem> CheckName(std::string_view name) {
  if (name.empty()) return ScalarProblem("a name must not be empty", {});
  if (name.size() > kLongestMapName) return ScalarProblem("a name has 256 octets at most", {});
  return std::nullopt;
}

std::optional<ScalarProblem> FillEntry(Message& entry, std::string_view name, std::string_view text,
                                       const std::string& folder) {
  if (auto problem = CheckName(name)) return problem;
  if (auto problem = SetScalar(entry, NameField(entry), kNoIndex, name, folder)) return problem;
  return SetScalar(entry, ValueField(entry), kNoIndex, text, folder);
}

}  // namespace

std::optional<ScalarProblem> AddMapEntry(Message& message, const FieldDescriptor& map, std::string_view name,
                                         std::string_view text, const std::string& folder) {
  Message& entry = *message.GetReflection()->AddMessage(&message, &map);
  auto problem = FillEntry(entry, name, text, folder);
  if (problem) message.GetReflection()->RemoveLast(&message, &map);
  return problem;
}

std::optional<ScalarProblem> SetMapEntry(Message& message, const FieldDescriptor& map, std::string_view name,
                                         std::string_view text, const std::string& folder) {
  for (const MapEntry& known : SortedMapEntries(message, map)) {
    if (known.name != name) continue;
    Message& entry = *message.GetReflection()->MutableRepeatedMessage(&message, &map, known.index);
    return SetScalar(entry, ValueField(entry), kNoIndex, text, folder);
  }
  return AddMapEntry(message, map, name, text, folder);
}

std::optional<ScalarProblem> CheckMapEntry(Message& entry) {
  return FillEntry(entry, FormatScalar(entry, NameField(entry), kNoIndex),
                   FormatScalar(entry, ValueField(entry), kNoIndex), "/");
}

std::vector<MapEntry> SortedMapEntries(const Message& message, const FieldDescriptor& map) {
  const auto& reflection = *message.GetReflection();
  std::vector<MapEntry> entries;
  for (int i = 0; i < reflection.FieldSize(message, &map); ++i) {
    const Message& entry = reflection.GetRepeatedMessage(message, &map, i);
    entries.push_back({FormatScalar(entry, NameField(entry), kNoIndex), i});
  }
  std::sort(entries.begin(), entries.end(),
            [](const MapEntry& a, const MapEntry& b) { return a.name < b.name; });
  return entries;
}

}  // namespace cistern
