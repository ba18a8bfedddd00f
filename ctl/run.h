// The whole client as a function, so that tests can run it in their own process.
#pragma once

#include <cstdint>
#include <iosfwd>
#include <memory>
#include <stop_token>
#include <string>
#include <vector>

namespace CLI {
class App;
}

namespace cistern::ctl {

struct Context;

// What the client finds around it. The streams outlive the call.
struct Environment {
  std::ostream& out;
  std::ostream& err;
  bool terminal = false;      // `out` is a terminal
  bool err_terminal = false;  // `err` is a terminal
  int columns = 80;           // its width
  std::int64_t now_ns = 0;    // ns since the Unix epoch
  std::stop_source stop;      // ends a tail
};

// `args` without the program's name. CISTERN_ADDR, NO_COLOR, TERM and TZ come from the process. Returns the
// exit code.
int RunCtl(std::vector<std::string> args, const Environment& environment);

// The command line with all commands; `context` outlives it.
std::unique_ptr<CLI::App> MakeCommandLine(Context& context);

}  // namespace cistern::ctl
