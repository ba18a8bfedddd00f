// Files of targets, and definitions as text.
#pragma once

#include <string>
#include <vector>

#include "ctl/command/commands.h"

namespace cistern::v1 {
class Target;
class TargetFile;
}  // namespace cistern::v1

namespace cistern::ctl {

// Reads a file with `targets:`; `-` is standard input. On a mistake reports all errors, with file, line and
// key, sets the exit code and returns false.
bool ReadTargetFile(Context& context, const std::string& path, v1::TargetFile& file);

// The definition as YAML, a line each.
std::vector<std::string> YamlLines(const v1::Target& target);
// Both texts as one: unchanged lines with two blanks before, others with `- ` or `+ `. Unchanged lines
// further than three from a change are left out.
std::vector<std::string> DiffLines(const std::vector<std::string>& before,
                                   const std::vector<std::string>& after);

}  // namespace cistern::ctl
