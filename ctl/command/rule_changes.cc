// rules delete, enable, disable, history, rollback, confirm.
#include <fmt/format.h>

#include "cistern/v1/rule_service.pb.h"
#include "ctl/client.h"
#include "ctl/command/applied.h"
#include "ctl/command/options.h"
#include "ctl/printer/grid.h"
#include "ctl/printer/text.h"
#include "proto/convert/time_text.h"

namespace cistern::ctl {
namespace {

struct HistoryOptions {
  std::string rule;
  std::uint64_t limit = 20;
  bool diff = false;
  std::string output = "table";
};

struct RollbackOptions {
  std::uint64_t change = 0;
  bool dry_run = false;
  std::string output = "table";
};

void RunDelete(Context& context, const std::string& name) {
  v1::DeleteRuleRequest request;
  request.set_name(name);
  if (Report(context, Client(context).DeleteRule(request)) == kExitOk)
    Note(context, fmt::format("rule {} deleted", name));
}

void RunEnable(Context& context, const std::string& name) {
  v1::EnableRuleRequest request;
  request.set_name(name);
  v1::RuleInfo info;
  if (Report(context, Client(context).EnableRule(request, info)) == kExitOk)
    Note(context, fmt::format("rule {} works{}", name, info.figures().over() ? ", but is over" : ""));
}

void RunDisable(Context& context, const std::string& name) {
  v1::DisableRuleRequest request;
  request.set_name(name);
  v1::RuleInfo info;
  if (Report(context, Client(context).DisableRule(request, info)) == kExitOk)
    Note(context, fmt::format("rule {} rests", name));
}

void RunConfirm(Context& context) {
  v1::ConfirmRulesResponse response;
  if (Report(context, Client(context).ConfirmRules(response)) == kExitOk)
    Note(context, fmt::format("change {} stays", response.change()));
}

void RunRollback(Context& context, const RollbackOptions& options) {
  v1::RollbackRulesRequest request;
  request.set_change(options.change);
  request.set_dry_run(options.dry_run);
  v1::ApplyRulesResponse response;
  if (Report(context, Client(context).RollbackRules(request, response)) != kExitOk) return;
  Output output(context);
  for (const v1::AppliedRule& rule : response.rules())
    AppendApplied(context, "rule", rule, {options.dry_run, options.output == "json"}, output.text());
  if (response.rules().empty()) Note(context, "nothing to undo: the rules are as they were");
}

std::string Summary(const v1::RuleHistoryEntry& entry) {
  constexpr int kShown = 4;
  std::string text;
  for (int i = 0; i < entry.rules_size() && i < kShown; ++i) {
    const v1::AppliedRule& rule = entry.rules(i);
    text += fmt::format("{}{} {}", i > 0 ? ", " : "", Visible(rule.name()),
                        AppliedAction(v1::AppliedRule::Action_Name(rule.action())));
  }
  if (entry.rules_size() > kShown) text += fmt::format(" and {} more", entry.rules_size() - kShown);
  return text;
}

void AppendJson(const v1::RuleHistoryEntry& entry, std::string& out) {
  JsonWriter json(out);
  json.BeginObject().Key("change").Number(entry.change()).Key("time").Time(entry.time());
  json.Key("who").String(entry.who()).OptionalString("comment", entry.comment()).Key("rules").BeginArray();
  for (const v1::AppliedRule& rule : entry.rules()) {
    json.BeginObject().Key("rule").String(rule.name()).Key("action");
    json.String(AppliedAction(v1::AppliedRule::Action_Name(rule.action())));
    json.Key("diff").BeginArray();
    for (const std::string& line :
         DiffLines(rule.has_before() ? YamlLines(rule.before()) : std::vector<std::string>(),
                   rule.has_after() ? YamlLines(rule.after()) : std::vector<std::string>()))
      json.String(line);
    json.EndArray().EndObject();
  }
  json.EndArray().EndObject();
  out += '\n';
}

void AppendDiffs(const Context& context, const v1::RuleHistoryEntry& entry, std::string& out) {
  out += fmt::format("change {} at {} by {}{}\n", entry.change(),
                     Rfc3339(entry.time().seconds() * 1'000'000'000), Visible(entry.who()),
                     entry.comment().empty() ? "" : ": " + Visible(entry.comment()));
  for (const v1::AppliedRule& rule : entry.rules()) {
    out += fmt::format("  rule {} {}\n", Visible(rule.name()),
                       AppliedAction(v1::AppliedRule::Action_Name(rule.action())));
    AppendDiff(context, rule.has_before() ? YamlLines(rule.before()) : std::vector<std::string>(),
               rule.has_after() ? YamlLines(rule.after()) : std::vector<std::string>(), out);
  }
}

void RunHistory(Context& context, const HistoryOptions& options) {
  v1::ListRuleChangesRequest request;
  request.set_rule(options.rule);
  request.set_page_size(static_cast<std::uint32_t>(options.limit));
  v1::ListRuleChangesResponse response;
  if (Report(context, Client(context).ListRuleChanges(request, response)) != kExitOk) return;
  Output output(context);
  Grid grid({{"CHANGE", Grid::Align::kRight}, {"TIME"}, {"WHO"}, {"WHAT"}, {"COMMENT"}});
  for (const v1::RuleHistoryEntry& entry : response.changes()) {
    if (options.output == "json") {
      AppendJson(entry, output.text());
    } else if (options.diff) {
      AppendDiffs(context, entry, output.text());
    } else {
      grid.AddRow({std::to_string(entry.change()),
                   Rfc3339(entry.time().seconds() * 1'000'000'000).substr(0, 19), Visible(entry.who()),
                   Summary(entry), Visible(entry.comment())});
    }
  }
  if (options.output != "json" && !options.diff) grid.AppendTo(output.text(), context.color);
}

void AddNamed(CLI::App& rules, Context& context, const char* verb, const char* description, const char* about,
              void (*run)(Context&, const std::string&)) {
  auto& command = AddCommand(rules, verb, description);
  auto name = std::make_shared<std::string>();
  Require(AddText(command, "NAME", *name, "", "Name of the rule"));
  AddExamples(command, about, {fmt::format("rules {} no-cron", verb)});
  OnRun(command, [&context, name, run] { run(context, *name); });
}

void AddRollback(CLI::App& rules, Context& context) {
  auto& command = AddCommand(rules, "rollback", "Undoes a change and all that came after it");
  auto options = std::make_shared<RollbackOptions>();
  AddNumber(command, "CHANGE", options->change, "Its number in the history. Default: the last one");
  AddFlag(command, "--dry-run", options->dry_run, "Shows what would change, and changes nothing");
  AddOverviewOutput(command, options->output);
  AddExamples(
      command,
      "That is a new change, which can be rolled back as well. What the configuration file says stays.",
      {"rules rollback --dry-run", "rules rollback 41"});
  OnRun(command, [&context, options] { RunRollback(context, *options); });
}

}  // namespace

void RegisterRuleChanges(CLI::App& rules, Context& context) {
  AddNamed(rules, context, "delete", "Deletes a rule with its state; its events stay",
           "Rules of the configuration file are deleted there.", &RunDelete);
  AddNamed(rules, context, "enable", "Makes a rule work, one of the configuration file too", "", &RunEnable);
  AddNamed(rules, context, "disable", "Makes a rule rest; a detection forgets what it knows", "",
           &RunDisable);

  auto& history = AddCommand(rules, "history", "Shows who changed which rules, newest first");
  auto options = std::make_shared<HistoryOptions>();
  AddText(history, "RULE", options->rule, "", "Only changes of this rule");
  AddNumber(history, "-n,--limit", options->limit, "At most this many (default 20)", 1, 1000);
  AddFlag(history, "--diff", options->diff, "Shows what changed in the definitions");
  AddOverviewOutput(history, options->output);
  AddExamples(history, "", {"rules history", "rules history no-cron --diff"});
  OnRun(history, [&context, options] { RunHistory(context, *options); });

  AddRollback(rules, context);
  auto& confirm = AddCommand(rules, "confirm", "Keeps a change that was applied with --confirm-within");
  AddExamples(confirm, "", {"rules confirm"});
  OnRun(confirm, [&context] { RunConfirm(context); });
}

}  // namespace cistern::ctl
