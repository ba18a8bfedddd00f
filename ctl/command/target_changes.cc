// targets delete, pause, resume, rewind.
#include <fmt/format.h>

#include "cistern/v1/target_service.pb.h"
#include "ctl/client.h"
#include "ctl/command/options.h"
#include "ctl/printer/text.h"
#include "ctl/printer/time_text.h"

namespace cistern::ctl {
namespace {

struct RewindOptions {
  std::string name;
  RangeOptions range;  // `since` and `from`
  std::uint64_t after = 0;
  bool oldest = false, preview = false;
  CLI::Option* after_option = nullptr;
};

void RunDelete(Context& context, const std::string& name) {
  v1::DeleteTargetRequest request;
  request.set_name(name);
  if (Report(context, Client(context).DeleteTarget(request)) == kExitOk)
    Note(context, fmt::format("target {} deleted", name));
}

void RunPause(Context& context, const std::string& name) {
  v1::PauseTargetRequest request;
  request.set_name(name);
  v1::TargetInfo info;
  if (Report(context, Client(context).PauseTarget(request, info)) == kExitOk)
    Note(context, fmt::format("target {} paused behind record {}", name, info.status().position()));
}

void RunResume(Context& context, const std::string& name) {
  v1::ResumeTargetRequest request;
  request.set_name(name);
  v1::TargetInfo info;
  if (Report(context, Client(context).ResumeTarget(request, info)) == kExitOk)
    Note(context, fmt::format("target {} goes on behind record {}, {} stored records behind", name,
                              info.status().position(), FormatCount(info.status().lag_records())));
}

// False: reported.
bool Fill(Context& context, const RewindOptions& options, v1::RewindTargetRequest& request) {
  request.set_name(options.name);
  request.set_preview(options.preview);
  const int given =
      (options.oldest ? 1 : 0) + (IsGiven(options.after_option) ? 1 : 0) + (options.range.given() ? 1 : 0);
  if (given != 1) {
    UsageError(context, "say where to: one of --since, --from, --after and --oldest");
    return false;
  }
  if (!options.range.given()) {
    request.set_after_record_id(options.oldest ? 0 : options.after);
    return true;
  }
  TimeRange range;
  if (!ReadRange(context, options.range, range)) return false;
  SetNs(*range.from, *request.mutable_time());
  return true;
}

void RunRewind(Context& context, const RewindOptions& options) {
  v1::RewindTargetRequest request;
  if (!Fill(context, options, request)) return;
  v1::RewindTargetResponse response;
  if (Report(context, Client(context).RewindTarget(request, response)) != kExitOk) return;
  const bool back = response.to_position() <= response.from_position();
  Output output(context);
  output.text() =
      fmt::format("target {} {} from record {} to behind {}: {} matching records {} {}\n", options.name,
                  options.preview ? "would move" : "moved", response.from_position(), response.to_position(),
                  FormatCount(response.records()), options.preview ? "would be" : "are",
                  back ? "sent again" : "left out");
}

void AddNamed(CLI::App& targets, Context& context, const char* verb, const char* description,
              const char* about, void (*run)(Context&, const std::string&)) {
  auto& command = AddCommand(targets, verb, description);
  auto name = std::make_shared<std::string>();
  Require(AddText(command, "NAME", *name, "", "Name of the target"));
  AddExamples(command, about, {fmt::format("targets {} central", verb)});
  OnRun(command, [&context, name, run] { run(context, *name); });
}

}  // namespace

void RegisterTargetChanges(CLI::App& targets, Context& context) {
  AddNamed(targets, context, "delete", "Deletes a target with its position and dead letters",
           "Targets of the configuration file are deleted there.", &RunDelete);
  AddNamed(targets, context, "pause", "Stops delivery; the position stays, also over a restart", "",
           &RunPause);
  AddNamed(targets, context, "resume", "Goes on where the target was paused", "", &RunResume);

  auto& rewind =
      AddCommand(targets, "rewind", "Moves a target's position, so that records are sent again or left out");
  auto options = std::make_shared<RewindOptions>();
  Require(AddText(rewind, "NAME", options->name, "", "Name of the target"));
  AddText(rewind, "--since", options->range.since, "SPAN",
          "To the first record received in the last SPAN, such as 1h");
  AddText(rewind, "--from", options->range.from, "TIME", "To the first record received at TIME or later");
  options->after_option = AddNumber(rewind, "--after", options->after, "To behind record N");
  AddFlag(rewind, "--oldest", options->oldest, "To the oldest stored record");
  AddFlag(rewind, "--preview", options->preview, "Tells how many records that are, and moves nothing");
  AddExamples(rewind, "What is sent again is new to the other side: a Cistern takes it as further records.",
              {"targets rewind central --since 1h --preview", "targets rewind central --after 123456"});
  OnRun(rewind, [&context, options] { RunRewind(context, *options); });
}

}  // namespace cistern::ctl
