// rules list, get.
#include "service/config/rules.h"

#include <fmt/format.h>

#include "cistern/v1/rule_service.pb.h"
#include "ctl/client.h"
#include "ctl/command/definition_text.h"
#include "ctl/command/options.h"
#include "ctl/printer/grid.h"
#include "ctl/printer/text.h"
#include "ctl/printer/time_text.h"
#include "proto/convert/json.h"
#include "proto/convert/time_text.h"
#include "service/rules/definition.h"

namespace cistern::ctl {
namespace {

// Whether the rule works now.
std::string StateOf(const v1::RuleInfo& info) {
  if (!info.rule().enabled()) return "disabled";
  return info.figures().over() ? "over" : "enabled";
}

std::string FromOf(const v1::RuleInfo& info) {
  if (!info.from_configuration()) return "apply";
  const std::string pack = PackOf(info.rule());
  return pack.empty() ? "configuration" : "pack " + pack;
}

void AppendTable(const std::vector<v1::RuleInfo>& rules, const Context& context, std::string& out) {
  using Align = Grid::Align;
  Grid grid({{"NAME"},
             {"KIND"},
             {"STATE"},
             {"ORDER", Align::kRight},
             {"MATCHED", Align::kRight},
             {"DROPPED", Align::kRight},
             {"CHANGED", Align::kRight},
             {"EVENTS", Align::kRight},
             {"KEYS", Align::kRight},
             {"EVICTED", Align::kRight},
             {"MEMORY", Align::kRight},
             {"FROM"}});
  for (const v1::RuleInfo& info : rules) {
    const v1::RuleFigures& figures = info.figures();
    const bool ingest = IsIngestRule(info.rule());
    grid.AddRow({info.rule().name(), std::string(KindOf(info.rule())), StateOf(info),
                 ingest ? std::to_string(info.rule().order()) : "", FormatCount(figures.matched()),
                 ingest ? FormatCount(figures.dropped()) : "", ingest ? FormatCount(figures.changed()) : "",
                 FormatCount(figures.events()), FormatCount(figures.keys()), FormatCount(figures.evicted()),
                 FormatBytes(figures.state_bytes()), FromOf(info)});
  }
  grid.AppendTo(out, context.color);
}

void AppendJson(const v1::RuleInfo& info, std::string& out) {
  const v1::RuleFigures& figures = info.figures();
  JsonWriter json(out);
  json.BeginObject().Key("name").String(info.rule().name());
  json.Key("kind").String(std::string(KindOf(info.rule()))).Key("state").String(StateOf(info));
  json.Key("revision").Number(info.revision()).Key("from_configuration").Bool(info.from_configuration());
  json.Key("from")
      .String(FromOf(info))
      .Key("created")
      .Time(info.create_time())
      .Key("updated")
      .Time(info.update_time());
  json.OptionalString("description", info.rule().description());
  json.OptionalString("filter", info.rule().filter()).OptionalString("expires", info.rule().expires());
  json.Key("matched").Number(figures.matched()).Key("dropped").Number(figures.dropped());
  json.Key("changed").Number(figures.changed()).Key("events").Number(figures.events());
  json.Key("keys").Number(figures.keys()).Key("evicted").Number(figures.evicted());
  json.Key("expired").Number(figures.expired()).Key("state_bytes").Number(figures.state_bytes());
  json.EndObject();
  out += '\n';
}

void RunList(Context& context, const std::string& form) {
  Client client(context);
  std::vector<v1::RuleInfo> rules;
  v1::ListRulesRequest request;
  v1::ListRulesResponse response;
  do {
    response.Clear();
    if (Report(context, client.ListRules(request, response)) != kExitOk) return;
    rules.insert(rules.end(), response.rules().begin(), response.rules().end());
    request.set_page_token(response.next_page_token());
  } while (!request.page_token().empty());
  Output output(context);
  if (form == "json") {
    for (const v1::RuleInfo& info : rules) AppendJson(info, output.text());
    return;
  }
  if (response.has_confirm_time())
    Note(context, fmt::format("a change waits to be confirmed until {}; `cisternctl rules confirm` keeps it",
                              Rfc3339(ToNs(response.confirm_time()))));
  if (rules.empty()) return Note(context, "no rules; `cisternctl apply -f FILE` makes some");
  AppendTable(rules, context, output.text());
}

void RunGet(Context& context, const std::string& name, const std::string& form) {
  v1::GetRuleRequest request;
  request.set_name(name);
  v1::RuleInfo info;
  if (Report(context, Client(context).GetRule(request, info)) != kExitOk) return;
  Output output(context);
  if (form == "json") return AppendJson(info, output.text());
  // A file that `apply` takes.
  output.text() = "rules:\n";
  std::string lead = "  - ";
  for (const std::string& line : YamlLines(info.rule()))
    output.text() += std::exchange(lead, "    ") + line + '\n';
}

}  // namespace

void RegisterRules(CLI::App& root, Context& context) {
  auto& command = AddCommand(root, "rules", "Rules: lists, tests, explains, enables and rolls them back");
  AddExamples(command, "`cisternctl apply -f FILE` creates and changes rules.",
              {"rules list", "rules test rules.yaml --since 24h", "rules rollback --dry-run"});

  auto& list = AddCommand(command, "list", "Shows all rules and what they do");
  auto form = std::make_shared<std::string>("table");
  AddOverviewOutput(list, *form);
  AddExamples(
      list,
      "Counts begin at the start of the daemon. KEYS: senders, users and so on that a rule knows now;\n"
      "EVICTED: those that had to go because there were too many. FROM: `configuration` and `pack NAME`\n"
      "belong to the configuration file (its `rules:` and `packs:`), `apply` came with `cisternctl apply`.\n"
      "Events come `detections.tolerance` (5s unless set) and up to 2 s more behind their records.",
      {"rules list", "rules list -o json"});
  OnRun(list, [&context, form] { RunList(context, *form); });

  auto& get = AddCommand(command, "get", "Shows one rule: its definition, or with -o json what it does");
  auto name = std::make_shared<std::string>();
  auto get_form = std::make_shared<std::string>("yaml");
  Require(AddText(get, "NAME", *name, "", "Name of the rule"));
  AddChoice(get, "-o,--output", *get_form, "yaml|json", "yaml: a file that `apply` takes (default yaml)");
  AddExamples(get, "", {"rules get no-cron", "rules get no-cron -o json"});
  OnRun(get, [&context, name, get_form] { RunGet(context, *name, *get_form); });

  RegisterRuleChanges(command, context);
  RegisterRuleTest(command, context);
  RegisterRuleExplain(command, context);
  RegisterRulePacks(command, context);
}

}  // namespace cistern::ctl
