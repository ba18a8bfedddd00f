// silences list, add, delete.
#include <fmt/format.h>

#include "cistern/v1/event_service.pb.h"
#include "ctl/client.h"
#include "ctl/command/options.h"
#include "ctl/printer/event.h"
#include "ctl/printer/text.h"
#include "ctl/printer/time_text.h"

namespace cistern::ctl {
namespace {

struct AddOptions {
  std::string name, from, to, comment, who;
  FilterWords filter;
  std::int64_t span = 0;
  CLI::Option* span_option = nullptr;
};

void RunList(Context& context, bool expired, const std::string& form) {
  v1::ListSilencesRequest request;
  request.set_expired(expired);
  v1::ListSilencesResponse response;
  if (Report(context, Client(context).ListSilences(request, response)) != kExitOk) return;
  Output output(context);
  if (form == "json") {
    for (const v1::Silence& silence : response.silences()) AppendSilenceJson(silence, output.text());
    return;
  }
  if (response.silences().empty()) return Note(context, "no silences");
  AppendSilenceTable({response.silences().begin(), response.silences().end()}, context.now_ns, context.color,
                     output.text());
}

void RunAdd(Context& context, const AddOptions& options) {
  if (IsGiven(options.span_option) == !options.to.empty()) {
    UsageError(context, "say until when: one of --for and --to");
    return;
  }
  v1::Silence silence;
  silence.set_name(options.name);
  silence.set_filter(options.filter.Text());
  silence.set_comment(options.comment);
  silence.set_who(options.who);
  RangeOptions times;
  times.from = options.from;
  times.to = options.to;
  TimeRange range;
  if (!ReadRange(context, times, range)) return;
  if (range.from) SetNs(*range.from, *silence.mutable_start_time());
  SetNs(range.to ? *range.to : range.from.value_or(context.now_ns) + options.span,
        *silence.mutable_end_time());
  v1::Silence made;
  if (Report(context, Client(context).PutSilence(silence, made), silence.filter()) != kExitOk) return;
  for (const std::string& warning : made.warnings()) Note(context, "warning: " + Visible(warning));
  Note(context, fmt::format("silence {} lasts {}", made.name(),
                            FormatSpan(ToNs(made.end_time()) - ToNs(made.start_time()))));
}

void RunDelete(Context& context, const std::string& name) {
  v1::DeleteSilenceRequest request;
  request.set_name(name);
  if (Report(context, Client(context).DeleteSilence(request)) == kExitOk)
    Note(context, fmt::format("silence {} is over", name));
}

void RegisterAdd(CLI::App& silences, Context& context) {
  auto& add = AddCommand(silences, "add", "Makes a silence, or changes the one of that name");
  auto options = std::make_shared<AddOptions>();
  Require(AddText(add, "NAME", options->name, "", "1 to 63 small letters, digits, - and _"));
  AddFilter(add, options->filter);
  options->span_option = AddSpan(add, "--for", options->span, "For so long, such as 2h");
  AddText(add, "--from", options->from, "TIME", "Begins at TIME (default now)");
  AddText(add, "--to", options->to, "TIME", "Ends at TIME");
  AddText(add, "--comment", options->comment, "TEXT", "Why");
  AddText(add, "--who", options->who, "NAME", "Who made it (default your address)");
  AddExamples(
      add,
      "The filter is over the records of events: tag.event.rule, tag.event.severity, tag.event.key,\n"
      "tag.event.NAME for its fields (`events get ID` shows them), severity, and words of the summary.\n"
      "Events that match while it lasts are raised and listed, but targets pass over them; events that\n"
      "were told of before stay so. A filter that matches no event that could come is made all the\n"
      "same, with a warning. Exit code 64: no filter, or no time.",
      {"silences add maintenance tag.event.host:web-1 --for 2h --comment \"new disk\"",
       "silences add night \"tag.event.rule:backup-*\" --from 22:00 --for 8h"});
  OnRun(add, [&context, options] { RunAdd(context, *options); });
}

}  // namespace

void RegisterSilences(CLI::App& root, Context& context) {
  auto& command = AddCommand(root, "silences", "Silences: mute events for a time");
  AddExamples(
      command,
      "A silence has a name, a filter over the records of events and an end. While it lasts, events that\n"
      "match are kept and listed as muted, but no target tells of them.",
      {"silences list", "silences add maintenance tag.event.host:web-1 --for 2h"});

  auto& list = AddCommand(command, "list", "Shows silences");
  auto expired = std::make_shared<bool>(false);
  auto form = std::make_shared<std::string>("table");
  AddFlag(list, "--expired", *expired, "Also those that are over; they are kept for a day");
  AddOverviewOutput(list, *form);
  AddExamples(list, "", {"silences list", "silences list --expired -o json"});
  OnRun(list, [&context, expired, form] { RunList(context, *expired, *form); });

  RegisterAdd(command, context);

  auto& end = AddCommand(command, "delete", "Ends a silence");
  auto name = std::make_shared<std::string>();
  Require(AddText(end, "NAME", *name, "", "Name of the silence"));
  AddExamples(end, "Events that were muted stay so; `events redeliver` tells of them.",
              {"silences delete maintenance"});
  OnRun(end, [&context, name] { RunDelete(context, *name); });
}

}  // namespace cistern::ctl
