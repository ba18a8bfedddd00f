#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <ostream>
#include <sstream>

#include "cistern/v1/admin_service.pb.h"
#include "cistern/v1/config.pb.h"
#include "ctl/client.h"
#include "ctl/command/options.h"
#include "proto/yaml/reader.h"

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

bool CheckFile(Context& context, const std::string& path) {
  std::string text;
  if (!ReadFile(context, path, text)) return false;
  v1::Config config;
  Origins origins;
  YamlErrors errors;
  const YamlSource source{.origin = {.kind = OriginKind::kFile, .source = path},
                          .folder = std::filesystem::absolute(path).parent_path().string()};
  const YamlTarget target{config, origins, errors};
  ReadYaml(text, source, target);
  FillDefaults(config, origins);
  CheckRequired(target);
  *context.err << errors.ToString();
  if (errors.empty()) *context.out << path << ": ok\n";
  return errors.empty();
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
      "Finds unknown keys, bad values and missing keys. What needs this machine (certificate files, "
      "addresses,\n"
      "the data directory) is checked by `cisternd --check-config --config FILE`. Exit code 78: refused.",
      {"config check cistern.yaml"});
  OnRun(check, [&context, files] { RunCheck(context, *files); });

  auto& show =
      AddCommand(command, "show", "Shows the configuration the daemon runs with, and where each key is from");
  AddExamples(show, "", {"config show"});
  OnRun(show, [&context] { RunShow(context); });
}

}  // namespace cistern::ctl
