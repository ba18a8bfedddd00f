// Tags of a record: ordered name/value pairs in one octet string, so that a record stays a set of views.
// Encoding, per tag: varint length and octets of the name, then of the value (LEB128 varints).
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace cistern {

struct Tag {
  std::string_view name;
  std::string_view value;
};

// Appends one tag to `out`.
void AppendTag(std::string& out, std::string_view name, std::string_view value);

// Reads what AppendTag wrote. Malformed input ends the walk.
class TagsReader {
 public:
  explicit TagsReader(std::string_view encoded) : rest_(encoded) {}
  std::optional<Tag> Next();

 private:
  std::string_view rest_;
};

}  // namespace cistern
