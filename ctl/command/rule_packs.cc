#include "cistern/v1/rule.pb.h"
#include "ctl/command/options.h"
#include "ctl/printer/grid.h"
#include "ctl/printer/text.h"
#include "proto/convert/json.h"
#include "proto/yaml/reader.h"
#include "service/rules/packs.h"

namespace cistern::ctl {
namespace {

struct PackOptions {
  std::string name;
  std::string output = "table";
};

v1::RuleFile Read(const RulePack& pack) {
  v1::RuleFile file;
  Origins origins;
  YamlErrors errors;
  ReadYaml(pack.text, {{OriginKind::kFile, std::string(pack.name)}, "/"}, {file, origins, errors});
  return file;
}

// What its first line says.
std::string About(const RulePack& pack) {
  std::string_view line = pack.text.substr(0, pack.text.find('\n'));
  line.remove_prefix(std::min(line.size(), line.find_first_not_of("# ")));
  return std::string(line);
}

void RunPacks(Context& context, const PackOptions& options) {
  Output output(context);
  if (!options.name.empty()) {
    if (const RulePack* pack = FindRulePack(options.name)) {
      output.text() += pack->text;
    } else {
      *context.err << "cisternctl: there is no pack " << Visible(options.name)
                   << "; `cisternctl rules packs` lists them\n";
      context.exit_code = kExitNegative;
    }
    return;
  }
  Grid grid({{"PACK"}, {"RULES", Grid::Align::kRight}, {"TESTS", Grid::Align::kRight}, {"ABOUT"}});
  for (const RulePack& pack : RulePacks()) {
    const v1::RuleFile file = Read(pack);
    if (options.output == "json") {
      JsonWriter json(output.text());
      json.BeginObject()
          .Key("pack")
          .String(pack.name)
          .Key("about")
          .String(About(pack))
          .Key("rules")
          .BeginArray();
      for (const v1::Rule& rule : file.rules()) json.String(rule.name());
      json.EndArray().Key("tests").Number(static_cast<std::uint64_t>(file.tests_size())).EndObject();
      output.text() += '\n';
    } else {
      grid.AddRow({std::string(pack.name), std::to_string(file.rules_size()),
                   std::to_string(file.tests_size()), About(pack)});
    }
  }
  if (options.output != "json") grid.AppendTo(output.text(), context.color);
}

}  // namespace

void RegisterRulePacks(CLI::App& rules, Context& context) {
  auto& command = AddCommand(rules, "packs", "Lists the rule packs that come with Cistern, or prints one");
  auto options = std::make_shared<PackOptions>();
  AddText(command, "NAME", options->name, "", "Prints this pack as YAML");
  AddOverviewOutput(command, options->output);
  AddExamples(command,
              "`packs: [sshd]` in the configuration file puts a pack in force. To change one, print it to a "
              "file, change\nthat and `apply` it instead.",
              {"rules packs", "rules packs sshd > sshd.yaml"});
  OnRun(command, [&context, options] { RunPacks(context, *options); });
}

}  // namespace cistern::ctl
