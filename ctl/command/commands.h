// One file a command. Each Register function adds its subcommand to the root and sets a callback that runs
// it; the callback stores the exit code in `context.exit_code`.
//
// Conventions: results go to `*context.out`, everything else to `*context.err`; notes only unless `quiet`;
// error lines begin with `cisternctl: `. Every subcommand has a footer with at least one example.
#pragma once

#include <cstdint>
#include <iosfwd>
#include <memory>
#include <stop_token>
#include <string>

namespace CLI {
class App;
}

namespace cistern::ctl {

inline constexpr int kExitOk = 0;
inline constexpr int kExitNegative = 1;      // no such record; verification failed
inline constexpr int kExitUsage = 64;        // wrong command line, filter or time
inline constexpr int kExitUnavailable = 69;  // the daemon cannot be reached or cannot serve now
inline constexpr int kExitSoftware = 70;     // anything unexpected
inline constexpr int kExitNoPermission =
    77;                                 // the daemon does not know the caller, or does not let it do that
inline constexpr int kExitConfig = 78;  // a configuration file is refused

// How the connection is protected, and what it shows of us. Paths of files that could be read.
struct TlsChoice {
  std::string ca, cert, key;  // --ca, --cert, --key
  std::string token_file;     // --token-file
  std::string server_name;    // --tls-server-name
  bool skip_verify = false;   // --tls-skip-verify
  // TLS is used, unless the address is a Unix socket or says it itself (`tls://`).
  bool wanted() const {
    return skip_verify ||
           !(ca.empty() && cert.empty() && key.empty() && token_file.empty() && server_name.empty());
  }
};

// Global options and what commands share. Lives as long as the process.
struct Context {
  std::string addr = "127.0.0.1:5141";  // --addr / CISTERN_ADDR: HOST:PORT, tls://HOST:PORT or unix:PATH
  TlsChoice tls;
  std::int64_t timeout_ns = -1;  // --timeout; 0: none; -1: the default of the command
  bool quiet = false;            // --quiet
  bool color = false;            // decided by --color auto|always|never, NO_COLOR and the terminal
  int exit_code = 0;             // sysexits: 0, 1 (no match / verification failed), 64, 69, 70, 78

  std::ostream* out = nullptr;  // standard output
  std::ostream* err = nullptr;  // standard error
  bool terminal = false;        // `out` is a terminal
  bool err_terminal = false;    // `err` is a terminal
  int columns = 80;             // width of that terminal
  std::int64_t now_ns = 0;      // when the program started, ns since the Unix epoch
  std::stop_source stop;        // ends a command that runs until it is told to stop; see ctl/interrupt.h
};

// service/: asks the daemon.
void RegisterQuery(CLI::App& root, Context& context);
void RegisterTail(CLI::App& root, Context& context);
void RegisterCount(CLI::App& root, Context& context);
void RegisterHistogram(CLI::App& root, Context& context);
void RegisterTop(CLI::App& root, Context& context);
void RegisterSenders(CLI::App& root, Context& context);
void RegisterStatus(CLI::App& root, Context& context);
void RegisterDoctor(CLI::App& root, Context& context);
void RegisterExplain(CLI::App& root, Context& context);
void RegisterConfig(CLI::App& root, Context& context);
void RegisterCompletion(CLI::App& root, Context& context);
// Who may do what.
void RegisterTokens(CLI::App& root, Context& context);
void RegisterWhoAmI(CLI::App& root, Context& context);
void RegisterAudit(CLI::App& root, Context& context);
// Between the store and files; convert needs no daemon.
void RegisterExport(CLI::App& root, Context& context);
void RegisterImport(CLI::App& root, Context& context);
void RegisterSql(CLI::App& root, Context& context);
void RegisterConvert(CLI::App& root, Context& context);
// Looks after the store; restore, and check of a directory, need no daemon.
void RegisterStore(CLI::App& root, Context& context);
void RegisterStoreStats(CLI::App& store, Context& context);  // below `store`
void RegisterBackup(CLI::App& root, Context& context);
void RegisterRestore(CLI::App& root, Context& context);
// Forwarding targets.
void RegisterTargets(CLI::App& root, Context& context);
void RegisterTargetChanges(CLI::App& targets, Context& context);  // below `targets`
void RegisterTargetTest(CLI::App& targets, Context& context);
void RegisterDeadLetters(CLI::App& targets, Context& context);
void RegisterApply(CLI::App& root, Context& context);
// Rules.
void RegisterRules(CLI::App& root, Context& context);
void RegisterRuleChanges(CLI::App& rules, Context& context);  // below `rules`
void RegisterRuleTest(CLI::App& rules, Context& context);
void RegisterRuleExplain(CLI::App& rules, Context& context);
void RegisterRulePacks(CLI::App& rules, Context& context);  // needs no daemon
// Events.
void RegisterEvents(CLI::App& root, Context& context);
void RegisterEventWatch(CLI::App& events, Context& context);  // below `events`
void RegisterSilences(CLI::App& root, Context& context);
// Certificates; needs no daemon.
void RegisterTls(CLI::App& root, Context& context);
// Sends syslog.
void RegisterSend(CLI::App& root, Context& context);
void RegisterLoad(CLI::App& root, Context& context);

}  // namespace cistern::ctl
