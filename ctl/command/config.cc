#include "service/config/config.h"

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <ostream>
#include <sstream>

#include "cistern/v1/admin_service.pb.h"
#include "ctl/client.h"
#include "ctl/command/options.h"

namespace cistern::ctl {
namespace {

// False: reported.
bool ReadFile(Context& context, const std::string& path, std::string& text) {
  errno = 0;
  std::ifstream file(path, std::ios::binary);
  std::ostringstream content;
  // A folder opens, and fails only when it is read.
  if (file && !std::filesystem::is_directory(path) && (content << file.rdbuf() || file.peek() == EOF)) {
    text = std::move(content).str();
    return true;
  }
  *context.err << "cisternctl: cannot read " << path << ": " << std::strerror(errno != 0 ? errno : EISDIR)
               << '\n';
  return false;
}

// By the code of the daemon, but without the environment and the command line that it may have.
bool CheckFile(Context& context, const std::string& path) {
  std::string text;
  if (!ReadFile(context, path, text)) return false;
  const auto loaded = LoadConfigText(text, path, {});
  if (!loaded) *context.err << loaded.error().ToString();
  if (loaded) *context.out << path << ": ok\n";
  return loaded.has_value();
}

void RunCheck(Context& context, const std::vector<std::string>& files) {
  for (const std::string& file : files) {
    if (!CheckFile(context, file)) context.exit_code = kExitConfig;
  }
}

void RunShow(Context& context) {
  v1::GetConfigResponse response;
  if (Report(context, Client(context).GetConfig(response)) != kExitOk) return;
  Output output(context);
  if (!response.file().empty()) output.text() = "# " + response.file() + "\n";
  output.text() += response.yaml();
}

}  // namespace

void RegisterConfig(CLI::App& root, Context& context) {
  auto& command =
      AddCommand(root, "config", "Checks configuration files, or shows the configuration in force");
  AddExamples(command, "", {"config check cistern.yaml", "config show"});

  auto& check = AddCommand(command, "check", "Checks configuration files without a daemon");
  auto files = std::make_shared<std::vector<std::string>>();
  Require(AddTexts(check, "FILE", *files, "Configuration files"));
  AddExamples(
      check,
      "Finds whatever the daemon would refuse, in targets, rules and packs as well. What needs its machine\n"
      "(certificates, the data directory, environment and flags) is checked by\n"
      "`cisternd --check-config --config FILE`. Exit code 78: refused.",
      {"config check cistern.yaml"});
  OnRun(check, [&context, files] { RunCheck(context, *files); });

  auto& show =
      AddCommand(command, "show", "Shows the configuration the daemon runs with, and where each key is from");
  AddExamples(show, "", {"config show"});
  OnRun(show, [&context] { RunShow(context); });
}

}  // namespace cistern::ctl
