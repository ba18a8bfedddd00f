#include <fmt/format.h>

#include "cistern/v1/target_service.pb.h"
#include "ctl/client.h"
#include "ctl/command/options.h"
#include "ctl/command/target_file.h"
#include "ctl/printer/text.h"
#include "proto/convert/json.h"

namespace cistern::ctl {
namespace {

struct ApplyOptions {
  std::vector<std::string> files;
  std::string from;
  bool prune = false, dry_run = false;
  std::string output = "table";
};

const char* Word(v1::AppliedTarget::Action action, bool dry_run) {
  switch (action) {
    case v1::AppliedTarget::ACTION_CREATED:
      return dry_run ? "would be created" : "created";
    case v1::AppliedTarget::ACTION_CHANGED:
      return dry_run ? "would be changed" : "changed";
    case v1::AppliedTarget::ACTION_DELETED:
      return dry_run ? "would be deleted" : "deleted";
    default:
      return "unchanged";
  }
}

void AppendJson(const v1::AppliedTarget& target, const ApplyOptions& options, std::string& out) {
  const std::string action = v1::AppliedTarget::Action_Name(target.action()).substr(sizeof "ACTION_" - 1);
  std::string small = action;
  for (char& c : small) c = static_cast<char>(c | 0x20);
  JsonWriter json(out);
  json.BeginObject().Key("target").String(target.name()).Key("action").String(small);
  json.Key("revision").Number(target.revision()).Key("dry_run").Bool(options.dry_run).EndObject();
  out += '\n';
}

void AppendText(const Context& context, const v1::AppliedTarget& target, const ApplyOptions& options,
                std::string& out) {
  out += fmt::format("target {} {}\n", target.name(), Word(target.action(), options.dry_run));
  if (!options.dry_run || target.action() == v1::AppliedTarget::ACTION_UNCHANGED) return;
  std::vector<std::string> before, after;
  if (target.has_before()) before = YamlLines(target.before());
  if (target.has_after()) after = YamlLines(target.after());
  for (const std::string& line : DiffLines(before, after)) {
    const Paint paint = line.front() == '+' ? Paint::kGreen : Paint::kRed;
    out +=
        "    " + (line.front() == ' ' ? Visible(line) : Painted(Visible(line), paint, context.color)) + '\n';
  }
}

void RunApply(Context& context, const ApplyOptions& options) {
  v1::ApplyTargetsRequest request;
  for (const std::string& path : options.files) {
    v1::TargetFile file;
    if (!ReadTargetFile(context, path, file)) return;
    for (v1::Target& target : *file.mutable_targets()) {
      if (!options.from.empty()) target.set_from(options.from);
      *request.add_changes()->mutable_target() = std::move(target);
    }
  }
  request.set_prune(options.prune);
  request.set_dry_run(options.dry_run);
  v1::ApplyTargetsResponse response;
  if (Report(context, Client(context).ApplyTargets(request, response)) != kExitOk) return;
  Output output(context);
  for (const v1::AppliedTarget& target : response.targets()) {
    if (options.output == "json") {
      AppendJson(target, options, output.text());
    } else {
      AppendText(context, target, options, output.text());
    }
  }
}

}  // namespace

void RegisterApply(CLI::App& root, Context& context) {
  auto& command =
      AddCommand(root, "apply", "Creates and changes targets as files say: all of it, or nothing");
  auto options = std::make_shared<ApplyOptions>();
  Require(AddTexts(command, "-f,--file,FILE", options->files,
                   "YAML files with a list `targets`; - is standard input"));
  AddText(command, "--from", options->from, "START",
          "Where new targets start: now, oldest, an age such as 24h, a time, or id:N; instead of what the "
          "files say");
  AddFlag(command, "--prune", options->prune,
          "Deletes all other targets, but those of the configuration file");
  AddFlag(command, "--dry-run", options->dry_run, "Shows what would change, and changes nothing");
  AddOverviewOutput(command, options->output);
  AddExamples(
      command,
      "A changed target goes on where it stands. Exit code 78: a file is refused; 64: the daemon refuses a\n"
      "definition; the message names the target and the field.",
      {"apply -f targets.yaml --dry-run", "apply -f targets.yaml --prune",
       "apply -f archive.yaml --from oldest"});
  OnRun(command, [&context, options] { RunApply(context, *options); });
}

}  // namespace cistern::ctl
