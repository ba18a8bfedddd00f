// Tags of a record: ordered name/value pairs in one octet string, so that a record stays a set of views.
// Encoding, per tag: varint length and octets of the name, then of the value (LEB128 varints).
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace cistern {

struct Tag {
  std::string_view name;
  std::string_view value;
};

inline constexpr std::size_t kMaxTagName = 64;

// `event` and `event.NAME`, by which alone, with transport `internal`, the records of events are known. Only
// the daemon writes them: no rule, no sender and no other Cistern can.
bool IsEventTag(std::string_view name);
// What an event tag is called once its record came from elsewhere: `origin.event`, `origin.event.NAME`. Empty
// when that is too long a name.
std::string OriginTagOf(std::string_view event_tag);
// These, and the tags by which relayed records are known (`cistern.NAME`): no rule writes them.
bool IsReservedTag(std::string_view name);

// Appends one tag to `out`.
void AppendTag(std::string& out, std::string_view name, std::string_view value);

// Whether one of the tags has that name.
bool HasTag(std::string_view encoded, std::string_view name);

// Reads what AppendTag wrote. Malformed input ends the walk.
class TagsReader {
 public:
  explicit TagsReader(std::string_view encoded) : rest_(encoded) {}
  std::optional<Tag> Next();

 private:
  std::string_view rest_;
};

}  // namespace cistern
