#include "ctl/run.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdlib>
#include <fstream>

#include "ctl/command/options.h"
#include "ctl/help.h"
#include "ctl/printer/text.h"

namespace cistern::ctl {
namespace {

bool WantsColor(const std::string& choice, const Context& context) {
  if (choice != "auto") return choice == "always";
  const char* no_color = std::getenv("NO_COLOR");
  const char* term = std::getenv("TERM");
  const bool dumb = term != nullptr && std::string_view(term) == "dumb";
  return context.terminal && !dumb && (no_color == nullptr || *no_color == '\0');
}

// Empty, or what is wrong with the form of an address; whether it can be reached shows later.
std::string CheckAddr(const std::string& given) {
  const std::string addr = given.starts_with("tls://") ? given.substr(6) : given;
  const auto colon = addr.rfind(':');
  const bool port = colon != std::string::npos && colon > 0 && colon + 1 < addr.size() &&
                    addr.find_first_not_of("0123456789", colon + 1) == std::string::npos;
  if (addr.starts_with("unix:") || (port && addr.find('/') == std::string::npos)) return {};
  return "\"" + Visible(given) + "\" is not HOST:PORT, tls://HOST:PORT or unix:PATH";
}

// Empty, or why the file is of no use.
std::string CheckFile(const std::string& path) {
  if (std::ifstream file(path); file.get() != std::ifstream::traits_type::eof()) return {};
  return Visible(path) + " cannot be read, or is empty";
}

CLI::Option* AddFile(CLI::App& root, const char* name, std::string& path, const char* variable,
                     const std::string& description) {
  const std::string text =
      description + (*variable != '\0' ? std::string(" (") + variable + ")" : std::string());
  return root.add_option(name, path, text)->type_name("FILE")->envname(variable)->check(CheckFile, "");
}

// TLS is used when any of them is given.
void AddTlsOptions(CLI::App& root, TlsChoice& tls) {
  AddFile(root, "--ca", tls.ca, "CISTERN_CA",
          "TLS: authorities that the daemon's certificate may come from, PEM");
  auto* cert = AddFile(root, "--cert", tls.cert, "CISTERN_CERT", "TLS: certificate to show, PEM");
  auto* key = AddFile(root, "--key", tls.key, "CISTERN_KEY", "TLS: private key of --cert, PEM");
  cert->needs(key);
  key->needs(cert);
  AddFile(root, "--token-file", tls.token_file, "CISTERN_TOKEN_FILE", "TLS: file with the token to show");
  root.add_option("--tls-server-name", tls.server_name,
                  "TLS: the name that the daemon's certificate must have")
      ->type_name("NAME")
      ->envname("CISTERN_TLS_SERVER_NAME");
  root.add_flag("--tls-skip-verify", tls.skip_verify, "TLS: talk to whoever answers; for trials only");
}

void AddGlobalOptions(CLI::App& root, Context& context) {
  root.add_option(
          "--addr", context.addr,
          "The daemon: HOST:PORT, tls://HOST:PORT or unix:PATH (default 127.0.0.1:5141, or the environment's "
          "CISTERN_ADDR)")
      ->type_name("ADDR")
      ->envname("CISTERN_ADDR")
      ->check(CheckAddr, "");
  AddTlsOptions(root, context.tls);
  AddSpan(root, "--timeout", context.timeout_ns,
          "Longest time for one call; 0: no limit (default 30s; query and tail: no limit)");
  root.add_flag("--quiet", context.quiet, "No notes on standard error, only errors");
  auto color = std::make_shared<std::string>("auto");
  AddChoice(root, "--color", *color, "auto|always|never",
            "Colours; auto heeds NO_COLOR and the terminal (default auto)");
  root.set_version_flag("-V,--version", std::string("cisternctl ") + CISTERN_VERSION, "Show the version");
  root.parse_complete_callback([&context, color] { context.color = WantsColor(*color, context); });
}

void AddCommands(CLI::App& root, Context& context) {
  RegisterQuery(root, context);
  RegisterTail(root, context);
  RegisterCount(root, context);
  RegisterHistogram(root, context);
  RegisterTop(root, context);
  RegisterSenders(root, context);
  RegisterStatus(root, context);
  RegisterDoctor(root, context);
  RegisterExplain(root, context);
  RegisterSend(root, context);
  RegisterLoad(root, context);
  RegisterSql(root, context);
  RegisterExport(root, context);
  RegisterImport(root, context);
  RegisterConvert(root, context);
  RegisterStore(root, context);
  RegisterBackup(root, context);
  RegisterRestore(root, context);
  RegisterTargets(root, context);
  RegisterEvents(root, context);
  RegisterSilences(root, context);
  RegisterRules(root, context);
  RegisterApply(root, context);
  RegisterTls(root, context);
  RegisterConfig(root, context);
  RegisterTokens(root, context);
  RegisterWhoAmI(root, context);
  RegisterAudit(root, context);
  RegisterCompletion(root, context);
  for (CLI::App* command : root.get_subcommands({})) {
    command->group("Commands");
    const auto inner = command->get_subcommands({});
    if (!inner.empty()) command->require_subcommand(1);
    for (CLI::App* below : inner) below->group("Commands");
  }
}

}  // namespace

std::unique_ptr<CLI::App> MakeCommandLine(Context& context) {
  auto root =
      std::make_unique<CLI::App>("Searches, watches and checks a Cistern syslog collector.", "cisternctl");
  root->formatter(std::dynamic_pointer_cast<CLI::FormatterBase>(MakeHelpFormatter()));
  root->set_help_flag("-h,--help", "Show this help");
  root->failure_message(
      [](const CLI::App* app, const CLI::Error& error) { return DescribeMistake(*app, error); });
  root->require_subcommand(1);
  root->fallthrough();
  AddGlobalOptions(*root, context);
  AddCommands(*root, context);
  AddExamples(
      *root,
      "Exit codes: 0 done, 1 no (no such record or rule, a test failed, not possible as things are),\n"
      "64 wrong usage, 69 daemon unavailable, 70 unexpected error, 77 not allowed, 78 configuration refused.",
      {"query failed password --since 1h", "tail 'severity:>=err'", "send hello", "COMMAND --help"});
  return root;
}

int RunCtl(std::vector<std::string> args, const Environment& environment) {
  Context context;
  context.out = &environment.out;
  context.err = &environment.err;
  context.terminal = environment.terminal;
  context.err_terminal = environment.err_terminal;
  context.columns = environment.columns;
  context.now_ns = environment.now_ns;
  context.stop = environment.stop;
  const auto root = MakeCommandLine(context);
  std::reverse(args.begin(), args.end());
  try {
    root->parse(std::move(args));
  } catch (const CLI::ParseError& error) {
    return root->exit(error, environment.out, environment.err) == 0 ? kExitOk : kExitUsage;
  }
  return context.exit_code;
}

}  // namespace cistern::ctl
