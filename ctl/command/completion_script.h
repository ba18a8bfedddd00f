// Completion scripts for shells, generated from the command line itself.
#pragma once

#include <string>
#include <string_view>

namespace CLI {
class App;
}

namespace cistern::ctl {

// `shell`: bash, zsh or fish. Completes commands, options and the values of options with fixed choices; for
// everything else the shell completes file names.
std::string CompletionScript(const CLI::App& root, std::string_view shell);

}  // namespace cistern::ctl
