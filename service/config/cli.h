// The command line of cisternd.
#pragma once

#include <iosfwd>
#include <map>
#include <string>
#include <variant>

#include "service/config/config.h"

namespace cistern {

enum class CommandMode { kRun, kCheckConfig, kPrintConfig };

struct CommandLine {
  ConfigSources sources;   // with the environment given to ParseCommandLine
  bool to_stdout = false;  // --stdout: print every record as it is committed
  CommandMode mode = CommandMode::kRun;
};

// The process environment as a map.
std::map<std::string, std::string> ReadEnvironment(const char* const* environ);

// The parsed command line, or the exit code when there is nothing left to do: 0 after --help and --version,
// whose text goes to `out`, 64 after a wrong command line, which `err` explains.
std::variant<CommandLine, int> ParseCommandLine(int argc, const char* const* argv,
                                                std::map<std::string, std::string> environment,
                                                std::ostream& out, std::ostream& err);

}  // namespace cistern
