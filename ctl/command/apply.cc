#include <fmt/format.h>

#include "cistern/v1/config.pb.h"
#include "cistern/v1/rule_service.pb.h"
#include "cistern/v1/target_service.pb.h"
#include "ctl/client.h"
#include "ctl/command/applied.h"
#include "ctl/command/apply_file.h"
#include "ctl/command/options.h"
#include "ctl/printer/time_text.h"
#include "proto/convert/time_text.h"

namespace cistern::ctl {
namespace {

struct ApplyOptions {
  std::vector<std::string> files;
  std::string from, comment;
  bool prune = false, dry_run = false;
  std::int64_t confirm_within = 0;  // ns; 0: not given
  std::string output = "table";
};

// What all files say.
struct Requests {
  v1::ApplyTargetsRequest targets;
  v1::ApplyRulesRequest rules;
};

// False: reported.
bool ReadFiles(Context& context, const ApplyOptions& options, Requests& requests) {
  for (const std::string& path : options.files) {
    v1::ApplyFile file;
    if (!ReadApplyFile(context, path, file)) return false;
    for (v1::Target& target : *file.mutable_targets()) {
      if (!options.from.empty()) target.set_from(options.from);
      *requests.targets.add_changes()->mutable_target() = std::move(target);
    }
    for (v1::Rule& rule : *file.mutable_rules())
      *requests.rules.add_changes()->mutable_rule() = std::move(rule);
  }
  if (options.confirm_within == 0 || requests.targets.changes().empty()) return true;
  UsageError(context, "--confirm-within is for rules; give the targets in a command of their own");
  return false;
}

// What the files say is wrong, whoever found it.
bool IsDone(Context& context, const CallStatus& status) {
  if (Report(context, status) == kExitOk) return true;
  if (context.exit_code == kExitUsage || context.exit_code == kExitNegative) context.exit_code = kExitConfig;
  return false;
}

bool ApplyTargets(Context& context, Client& client, Requests& requests, const ApplyOptions& options,
                  bool dry_run, std::string* out) {
  if (requests.targets.changes().empty()) return true;
  requests.targets.set_prune(options.prune);
  requests.targets.set_dry_run(dry_run);
  v1::ApplyTargetsResponse response;
  if (!IsDone(context, client.ApplyTargets(requests.targets, response))) return false;
  if (out == nullptr) return true;
  for (const v1::AppliedTarget& target : response.targets())
    AppendApplied(context, "target", target, {dry_run, options.output == "json"}, *out);
  return true;
}

bool ApplyRules(Context& context, Client& client, Requests& requests, const ApplyOptions& options,
                std::string& out) {
  if (requests.rules.changes().empty()) return true;
  requests.rules.set_prune(options.prune);
  requests.rules.set_dry_run(options.dry_run);
  requests.rules.set_comment(options.comment);
  if (options.confirm_within > 0) SetNs(options.confirm_within, *requests.rules.mutable_confirm_within());
  v1::ApplyRulesResponse response;
  if (!IsDone(context, client.ApplyRules(requests.rules, response))) return false;
  for (const v1::AppliedRule& rule : response.rules())
    AppendApplied(context, "rule", rule, {options.dry_run, options.output == "json"}, out);
  if (response.has_confirm_time())
    Note(context, fmt::format("change {} is undone at {} unless `cisternctl rules confirm` comes first",
                              response.change(), Rfc3339(ToNs(response.confirm_time()))));
  return true;
}

// Either is applied whole or not at all; targets are tried first, so that a mistake in them keeps the rules
// out.
void RunApply(Context& context, const ApplyOptions& options) {
  Requests requests;
  if (!ReadFiles(context, options, requests)) return;
  Client client(context);
  const bool both = !requests.targets.changes().empty() && !requests.rules.changes().empty();
  if (both && !ApplyTargets(context, client, requests, options, /*dry_run=*/true, nullptr)) return;
  Output output(context);
  if (!ApplyRules(context, client, requests, options, output.text())) return;
  ApplyTargets(context, client, requests, options, options.dry_run, &output.text());
}

}  // namespace

void RegisterApply(CLI::App& root, Context& context) {
  auto& command =
      AddCommand(root, "apply", "Creates and changes rules and targets as files say: all of it, or nothing");
  auto options = std::make_shared<ApplyOptions>();
  Require(
      AddTexts(command, "-f,--file", options->files,
               "FILE, or several: YAML files with lists `rules`, `targets` or both; - is standard input"));
  AddText(command, "--from", options->from, "START",
          "Where new targets start: now, oldest, an age such as 24h, a time, or id:N; instead of what the "
          "files say");
  AddFlag(command, "--prune", options->prune,
          "Deletes all others of what the files have, rules or targets, but those of the configuration file");
  AddFlag(command, "--dry-run", options->dry_run, "Shows what would change, and changes nothing");
  AddSpan(command, "--confirm-within", options->confirm_within,
          "Undoes the change of rules after this time, such as 5m, unless `rules confirm` comes first");
  AddText(command, "--comment", options->comment, "TEXT", "Why; kept in the history of rules");
  AddOverviewOutput(command, options->output);
  AddExamples(command,
              "A changed target goes on where it stands; a changed rule keeps what it knows where it still "
              "fits.\nExit code 78: what a file says is refused, by this command or by the daemon; 64: the "
              "command line is wrong.",
              {"apply -f rules.yaml --dry-run", "apply -f rules.yaml --confirm-within 5m",
               "apply -f targets.yaml --prune", "apply -f archive.yaml --from oldest"});
  OnRun(command, [&context, options] { RunApply(context, *options); });
}

}  // namespace cistern::ctl
