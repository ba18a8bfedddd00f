#include "service/config/cli.h"

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <algorithm>
#include <cstring>
#include <ostream>
#include <utility>

#include "proto/yaml/suggest.h"
#include "service/config/exit_code.h"

namespace cistern {
namespace {

constexpr char kDescription[] =
    "cisternd receives syslog over UDP, TCP, TLS and Unix sockets and stores it for cisternctl to search.\n"
    "With nothing given it listens on UDP and TCP 127.0.0.1:5140 and keeps its data in ./cistern-data.\n";

constexpr char kFooter[] = R"(
Example:
  cisternd --listen udp://0.0.0.0:514 --listen tcp://[::]:514 --data /var/lib/cistern
  logger -n 127.0.0.1 -P 514 -d hello && cisternctl query hello

Environment (stronger than the file, weaker than the command line):
  CISTERN_CONFIG         configuration file when --config is not given
  CISTERN__STORAGE__DIR  sets storage.dir; any key works, two underscores for each dot, lists by index:
                         CISTERN__LISTENERS__0__UDP__ADDRESS

Files:
  ./cistern-data              the store, unless storage.dir or --data names another folder
  <storage.dir>/control.sock  gRPC for cisternctl on this machine, as on 127.0.0.1:5141
  Metrics and health stand at http://127.0.0.1:5142/metrics, /healthz and /readyz.

Signals:
  SIGTERM drains and stops within 20 s; SIGHUP reads the configuration and certificates again.

Exit codes:
  0 success, 64 wrong command line, 69 port or store unavailable, 70 internal error, 78 wrong configuration
)";

struct Options {
  CommandLine line;
  bool check = false, print = false;
  std::string file, cert, key, data;
};

CLI::Option* AddText(CLI::App& app, const char* name, std::string& value, const char* type,
                     const char* help) {
  return app.add_option(name, value, help)->type_name(type);
}

CLI::Option* AddRepeated(CLI::App& app, const char* name, std::vector<std::string>& values, const char* type,
                         const char* help) {
  return app.add_option(name, values, help)->type_name(type)->allow_extra_args(false);
}

void AddOptions(CLI::App& app, Options& options) {
  ConfigSources& sources = options.line.sources;
  app.set_help_flag("-h,--help", "Print this help and exit");
  app.set_version_flag("-V,--version", "cisternd " CISTERN_VERSION, "Print the version and exit");
  AddText(app, "-c,--config", options.file, "FILE", "Configuration file (YAML). Default: none")
      ->group("Configuration");
  AddRepeated(app, "--set", sources.sets, "KEY=VALUE",
              "Set one key, such as storage.retention.max_age=7d or\n"
              "listeners.0.udp.address=0.0.0.0:514. Repeatable")
      ->group("Configuration");
  app.add_flag("--check-config", options.check, "Check configuration, certificates and folders; exit 0 or 78")
      ->group("Configuration");
  app.add_flag("--print-config", options.print,
               "Print the configuration in force, each key with its origin; exit 0 or 78")
      ->group("Configuration");
  AddRepeated(app, "--listen", sources.listen, "URL",
              "Listen on udp|tcp|tls://HOST:PORT instead of the listeners of the\n"
              "configuration. Repeatable. Default: udp and tcp on 127.0.0.1:5140")
      ->group("Receiving");
  AddText(app, "--cert", options.cert, "FILE", "Certificate chain (PEM) of --listen tls://...")
      ->group("Receiving");
  AddText(app, "--key", options.key, "FILE", "Private key (PEM) of --cert")->group("Receiving");
  AddText(app, "--data", options.data, "DIR", "Folder of the store. Default: ./cistern-data")
      ->group("Storing");
  app.add_flag("--stdout", options.line.to_stdout, "Print every record on standard output as it is committed")
      ->group("Storing");
}

std::optional<std::string> Given(const CLI::App& app, const char* name, const std::string& value) {
  return app.count(name) > 0 ? std::optional(value) : std::nullopt;
}

CommandLine Collect(const CLI::App& app, Options& options, std::map<std::string, std::string> environment) {
  ConfigSources& sources = options.line.sources;
  sources.file = Given(app, "--config", options.file);
  sources.cert = Given(app, "--cert", options.cert);
  sources.key = Given(app, "--key", options.key);
  sources.data = Given(app, "--data", options.data);
  sources.environment = std::move(environment);
  if (options.check) options.line.mode = CommandMode::kCheckConfig;
  if (options.print) options.line.mode = CommandMode::kPrintConfig;
  return std::move(options.line);
}

// CLI11 leaves two empty lines between groups.
std::string HelpText(const CLI::App& app) {
  std::string text = app.help();
  for (std::size_t at = 0; (at = text.find("\n\n\n", at)) != std::string::npos;) text.erase(at, 1);
  return text;
}

// CLI11 says which arguments it could not place, last one first and without a suggestion.
std::string Describe(const CLI::App& app, const CLI::ParseError& error) {
  const std::vector<std::string> extras = app.remaining();
  if (dynamic_cast<const CLI::ExtrasError*>(&error) == nullptr || extras.empty()) return error.what();
  const std::string name = extras.front().substr(0, extras.front().find('='));
  if (!name.starts_with('-')) return "unexpected argument " + name;
  std::vector<std::string> known;
  for (const CLI::Option* option : app.get_options()) {
    for (std::string text : option->get_lnames()) {
      std::replace(text.begin(), text.end(), '-', '_');  // as Suggest compares
      known.push_back(std::move(text));
    }
  }
  std::string near =
      Suggest(std::string_view(name).substr(std::min(name.find_first_not_of('-'), name.size())), known);
  std::replace(near.begin(), near.end(), '_', '-');
  return "unknown option " + name + (near.empty() ? "" : "; did you mean --" + near + "?");
}

int Explain(const CLI::App& app, const CLI::ParseError& error, std::ostream& out, std::ostream& err) {
  if (dynamic_cast<const CLI::CallForHelp*>(&error) != nullptr) {
    out << HelpText(app);
    return kExitOk;
  }
  if (error.get_exit_code() == 0) {
    out << error.what() << '\n';
    return kExitOk;
  }
  err << "cisternd: " << Describe(app, error) << " (see cisternd --help)\n";
  return kExitUsage;
}

}  // namespace

std::map<std::string, std::string> ReadEnvironment(const char* const* environ) {
  std::map<std::string, std::string> environment;
  for (; *environ != nullptr; ++environ) {
    const char* equals = std::strchr(*environ, '=');
    if (equals != nullptr) environment.emplace(std::string(*environ, equals), equals + 1);
  }
  return environment;
}

std::variant<CommandLine, int> ParseCommandLine(int argc, const char* const* argv,
                                                std::map<std::string, std::string> environment,
                                                std::ostream& out, std::ostream& err) {
  Options options;
  CLI::App app(kDescription, "cisternd");
  app.footer(kFooter);
  app.get_formatter()->column_width(26);
  AddOptions(app, options);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return Explain(app, error, out, err);
  }
  if (options.check && options.print) {
    err << "cisternd: --check-config and --print-config exclude each other\n";
    return kExitUsage;
  }
  return Collect(app, options, std::move(environment));
}

}  // namespace cistern
