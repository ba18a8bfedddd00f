// A test aid: lets the daemon die at a marked point of the store.
#pragma once

#include <functional>
#include <string_view>

namespace cistern {

// From CISTERN_CRASH_AT, `name` or `name:n`: the process kills itself with SIGKILL when it comes to that
// point for the n-th time (1 when not given). Empty unless that is set. storage/sqlite/README.md has the
// names.
std::function<void(std::string_view)> CrashPointFromEnvironment();

}  // namespace cistern
