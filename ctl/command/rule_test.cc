// `rules test`: the tests inside a file of rules, or its rules over stored records.
#include <fmt/format.h>

#include "cistern/v1/rule_service.pb.h"
#include "ctl/client.h"
#include "ctl/command/definition_file.h"
#include "ctl/command/options.h"
#include "ctl/command/requests.h"
#include "ctl/printer/rehearsal.h"
#include "ctl/printer/text.h"
#include "ctl/transfer/progress.h"
#include "proto/convert/json.h"
#include "proto/convert/record.h"

namespace cistern::ctl {
namespace {

struct TestOptions {
  std::string file;
  std::vector<std::string> names;
  RangeOptions range;
  std::string filter;
  bool alone = false;
  std::uint64_t samples = 3, events = 100;
  std::string output = "table";
};

void AppendJson(const v1::RuleTestResult& result, std::string& out) {
  JsonWriter json(out);
  json.BeginObject().Key("test").String(result.name()).Key("passed").Bool(result.passed());
  json.Key("failures").BeginArray();
  for (const std::string& failure : result.failures()) json.String(failure);
  json.EndArray().Key("events").BeginArray();
  for (const v1::Event& event : result.events()) AppendEventJson(event, json);
  json.EndArray().EndObject();
  out += '\n';
}

void AppendText(const Context& context, const v1::RuleTestResult& result, std::string& out) {
  out += result.passed() ? Painted("pass", Paint::kGreen, context.color)
                         : Painted("FAIL", Paint::kBoldRed, context.color);
  out += "  " + Visible(result.name()) + '\n';
  for (const std::string& failure : result.failures()) out += "      " + Visible(failure) + '\n';
}

void RunTests(Context& context, const TestOptions& options, v1::RuleFile file) {
  if (file.tests().empty()) {
    UsageError(context, options.file + " has no tests; --since 24h tries its rules on stored records");
    return;
  }
  v1::TestRulesRequest request;
  *request.mutable_file() = std::move(file);
  v1::TestRulesResponse response;
  if (Report(context, Client(context).TestRules(request, response)) != kExitOk) return;
  Output output(context);
  int failed = 0;
  for (const v1::RuleTestResult& result : response.results()) {
    failed += result.passed() ? 0 : 1;
    if (options.output == "json") {
      AppendJson(result, output.text());
    } else {
      AppendText(context, result, output.text());
    }
  }
  if (failed != 0) context.exit_code = kExitNegative;
  if (options.output != "json")
    output.text() +=
        fmt::format("{} of {} tests passed\n", response.results_size() - failed, response.results_size());
}

void RunRehearsal(Context& context, const TestOptions& options, const v1::RuleFile& file) {
  v1::RehearseRulesRequest request;
  *request.mutable_rules() = file.rules();
  for (const std::string& name : options.names) request.add_names(name);
  TimeRange range;
  if (!ReadRange(context, options.range, range)) return;
  if (range.from) ToProto(*range.from, request.mutable_from_time());
  if (range.to) ToProto(*range.to, request.mutable_to_time());
  request.set_filter(options.filter);
  request.set_alone(options.alone);
  request.set_samples(static_cast<std::uint32_t>(options.samples));
  request.set_max_events(static_cast<std::uint32_t>(options.events));
  Progress progress(context, "rehearsing");
  const auto on_response = [&](v1::RehearseRulesResponse& response) {
    if (!response.done()) {
      progress.Update(response.records(), response.total_records(), response.records());
      return true;
    }
    progress.Clear();
    Output output(context);
    if (options.output == "json") {
      AppendRehearsalJson(response, output.text());
    } else {
      AppendRehearsalText(response, context.color, output.text());
    }
    return output.Flush();
  };
  const CallStatus status = Client(context).RehearseRules(request, on_response);
  progress.Clear();
  Report(context, status, options.filter);
}

void Run(Context& context, const TestOptions& options) {
  const bool rehearse = options.range.given() || !options.names.empty();
  v1::RuleFile file;
  if (options.file.empty() && options.names.empty()) {
    UsageError(context, "give FILE, or --rule NAME with --since");
    return;
  }
  const auto complete = [&] { return !file.rules().empty(); };
  if (!options.file.empty() && !ReadDefinitionFile(context, options.file, file, "rules", complete)) return;
  if (rehearse) return RunRehearsal(context, options, file);
  RunTests(context, options, std::move(file));
}

}  // namespace

void RegisterRuleTest(CLI::App& rules, Context& context) {
  auto& command = AddCommand(rules, "test", "Runs the tests of a file, or tries its rules on stored records");
  auto options = std::make_shared<TestOptions>();
  AddText(command, "FILE", options->file, "", "YAML file with `rules` and `tests`; - is standard input");
  AddTexts(command, "--rule", options->names,
           "NAME of a rule in force that runs as well, with stored records");
  AddRange(command, options->range, false);
  AddText(command, "--where", options->filter, "FILTER", "With stored records: only these");
  AddFlag(command, "--alone", options->alone, "With stored records: without the other ingest rules in force");
  AddNumber(command, "--samples", options->samples, "Records shown of each rule (default 3)", 1, 20);
  AddNumber(command, "--events", options->events, "Events shown (default 100)", 1, 1000);
  AddOverviewOutput(command, options->output);
  AddExamples(
      command,
      "Without a time, runs the `tests` of FILE with its `rules` alone: each gives `records` (lines of\n"
      "syslog) and says what must come of them (`events`, `stored`, `messages`, `tags`). Time is that of\n"
      "the records; `then_wait: 5m` lets it go on behind the last. Exit code 1: one of them failed; 78:\n"
      "FILE is refused. With a time, tells what the rules would have done to what is stored, beside\n"
      "those in force. Nothing is changed either way; the daemon must run. A test:\n\n"
      "  tests:\n"
      "    - name: three wrong passwords\n"
      "      records:\n"
      "        - '<86>1 2026-03-01T10:00:00Z web-1 sshd 7 - - Failed password for root from 192.0.2.1'\n"
      "      events:\n"
      "        - {rule: guessing, key: 192.0.2.1, count: 3, fields: {host: web-1}}",
      {"rules test sshd.yaml", "rules test rule.yaml --since 24h",
       "rules test --rule sshd-login-failed --since 7d -o json"});
  OnRun(command, [&context, options] { Run(context, *options); });
}

}  // namespace cistern::ctl
