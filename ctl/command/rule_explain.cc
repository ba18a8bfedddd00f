#include <charconv>

#include "cistern/v1/rule_service.pb.h"
#include "ctl/client.h"
#include "ctl/command/options.h"
#include "ctl/printer/text.h"
#include "proto/convert/json.h"

namespace cistern::ctl {
namespace {

struct ExplainOptions {
  std::uint64_t id = 0;
  std::string rule;
  std::string output = "table";
};

void AppendJson(const v1::ExplainedRule& rule, std::string& out) {
  JsonWriter json(out);
  json.BeginObject().Key("rule").String(rule.name()).Key("matched").Bool(rule.matched());
  json.Key("reason").String(rule.reason()).EndObject();
  out += '\n';
}

void AppendText(const Context& context, const v1::ExplainedRule& rule, std::size_t width, std::string& out) {
  out += rule.matched() ? Painted("yes", Paint::kGreen, context.color)
                        : Painted("no ", Paint::kDim, context.color);
  out +=
      "  " + rule.name() + std::string(width - rule.name().size() + 2, ' ') + Visible(rule.reason()) + '\n';
}

void RunExplain(Context& context, const ExplainOptions& options) {
  v1::ExplainRecordRequest request;
  request.set_record_id(options.id);
  request.set_rule(options.rule);
  v1::ExplainRecordResponse response;
  if (Report(context, Client(context).ExplainRecord(request, response)) != kExitOk) return;
  if (response.rules().empty()) Note(context, "there are no rules");
  std::size_t width = 0;
  for (const v1::ExplainedRule& rule : response.rules()) width = std::max(width, rule.name().size());
  Output output(context);
  for (const v1::ExplainedRule& rule : response.rules()) {
    if (options.output == "json") {
      AppendJson(rule, output.text());
    } else {
      AppendText(context, rule, width, output.text());
    }
  }
}

}  // namespace

void RegisterRuleExplain(CLI::App& rules, Context& context) {
  auto& command =
      AddCommand(rules, "explain", "Tells which rules match a stored record, and why others do not");
  auto options = std::make_shared<ExplainOptions>();
  Require(AddNumber(command, "ID", options->id, "Id of the record, as `query` shows it", 1));
  AddText(command, "RULE", options->rule, "", "Only this rule");
  AddOverviewOutput(command, options->output);
  AddExamples(
      command,
      "The record is looked at as it is stored, that is, as the ingest rules left it. Exit code 1: there is "
      "no such\nrecord or rule.",
      {"rules explain 1048576", "rules explain 1048576 sshd-login-failed"});
  OnRun(command, [&context, options] { RunExplain(context, *options); });
}

}  // namespace cistern::ctl
