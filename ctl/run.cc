#include "ctl/run.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdlib>

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
std::string CheckAddr(const std::string& addr) {
  const auto colon = addr.rfind(':');
  const bool port = colon != std::string::npos && colon > 0 && colon + 1 < addr.size() &&
                    addr.find_first_not_of("0123456789", colon + 1) == std::string::npos;
  if (addr.starts_with("unix:") || (port && addr.find('/') == std::string::npos)) return {};
  return "\"" + Visible(addr) + "\" is not HOST:PORT or unix:PATH";
}

void AddGlobalOptions(CLI::App& root, Context& context) {
  root.add_option(
          "--addr", context.addr,
          "The daemon: HOST:PORT or unix:PATH (default 127.0.0.1:5141, or the environment's CISTERN_ADDR)")
      ->type_name("ADDR")
      ->envname("CISTERN_ADDR")
      ->check(CheckAddr, "");
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
  RegisterConfig(root, context);
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
      "64 wrong usage, 69 daemon unavailable, 70 unexpected error, 78 configuration refused.",
      {"query failed password --since 1h", "tail severity:>=err", "send hello", "COMMAND --help"});
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
