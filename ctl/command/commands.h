// One file a command. Each Register function adds its subcommand to the root and sets a callback that runs
// it; the callback stores the exit code in `context.exit_code`.
#pragma once

#include <memory>
#include <string>

namespace CLI {
class App;
}

namespace cistern::ctl {

// Global options and what commands share. Lives as long as the process.
struct Context {
  std::string addr = "127.0.0.1:5141";  // --addr / CISTERN_ADDR: HOST:PORT or unix:PATH
  bool quiet = false;                   // --quiet
  bool color = false;                   // decided by --color auto|always|never, NO_COLOR and the terminal
  int exit_code = 0;                    // sysexits: 0, 1 (no match / verification failed), 64, 69, 70, 78
};

// service/: asks the daemon.
void RegisterQuery(CLI::App& root, Context& context);
void RegisterTail(CLI::App& root, Context& context);
void RegisterCount(CLI::App& root, Context& context);
void RegisterHistogram(CLI::App& root, Context& context);
void RegisterTop(CLI::App& root, Context& context);
void RegisterSenders(CLI::App& root, Context& context);
void RegisterStatus(CLI::App& root, Context& context);
void RegisterExplain(CLI::App& root, Context& context);
void RegisterConfig(CLI::App& root, Context& context);
void RegisterCompletion(CLI::App& root, Context& context);
// Sends syslog.
void RegisterSend(CLI::App& root, Context& context);
void RegisterLoad(CLI::App& root, Context& context);

}  // namespace cistern::ctl
