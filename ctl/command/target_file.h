// Files of targets.
#pragma once

#include <string>

#include "ctl/command/commands.h"

namespace cistern::v1 {
class TargetFile;
}  // namespace cistern::v1

namespace cistern::ctl {

// Reads a file with `targets:`; `-` is standard input. On a mistake reports all errors, with file, line and
// key, sets the exit code and returns false.
bool ReadTargetFile(Context& context, const std::string& path, v1::TargetFile& file);

}  // namespace cistern::ctl
