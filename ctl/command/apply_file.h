// Files for `apply`: targets and rules.
#pragma once

#include <string>

#include "ctl/command/commands.h"

namespace cistern::v1 {
class ApplyFile;
}

namespace cistern::ctl {

// Reads a file with `targets:`, `rules:` or both; `-` is standard input. Checks all that can be known without
// the daemon, by the code that the daemon uses. On a mistake reports all errors, with file, line and key,
// sets the exit code and returns false.
bool ReadApplyFile(Context& context, const std::string& path, v1::ApplyFile& file);

}  // namespace cistern::ctl
