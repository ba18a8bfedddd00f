// Definitions of targets and rules as text, and what changed in them.
#pragma once

#include <string>
#include <vector>

namespace google::protobuf {
class Message;
}

namespace cistern::ctl {

// The definition as YAML, a line each.
std::vector<std::string> YamlLines(const google::protobuf::Message& definition);
// Both texts as one: unchanged lines with two blanks before, others with `- ` or `+ `. Unchanged lines
// further than three from a change are left out.
std::vector<std::string> DiffLines(const std::vector<std::string>& before,
                                   const std::vector<std::string>& after);

}  // namespace cistern::ctl
