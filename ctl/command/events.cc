// events list, get, acknowledge, resolve, redeliver.
#include <fmt/format.h>

#include <charconv>

#include "cistern/v1/event_service.pb.h"
#include "ctl/client.h"
#include "ctl/command/options.h"
#include "ctl/printer/event.h"
#include "ctl/printer/text.h"
#include "ctl/printer/time_text.h"
#include "ingest/message/record.h"

namespace cistern::ctl {
namespace {

constexpr std::uint32_t kPageSize = 1000;

struct ListOptions {
  std::string rule, key, severity, state = "any";
  RangeOptions range;
  std::uint64_t limit = 100;
  std::string output = "table";
};

struct ChangeOptions {
  std::vector<std::string> ids;
  std::string note;
};

using Change = CallStatus (Client::*)(const v1::ChangeEventsRequest& request,
                                      v1::ChangeEventsResponse& response);

// False: reported.
bool Fill(Context& context, const ListOptions& options, v1::ListEventsRequest& request) {
  request.set_rule(options.rule);
  request.set_key(options.key);
  if (options.state == "open" || options.state == "unresolved") request.add_states(v1::Event::STATE_OPEN);
  if (options.state == "acknowledged" || options.state == "unresolved")
    request.add_states(v1::Event::STATE_ACKNOWLEDGED);
  if (options.state == "resolved") request.add_states(v1::Event::STATE_RESOLVED);
  if (!options.severity.empty()) {
    const auto severity = ParseSeverity(options.severity);
    if (!severity) {
      UsageError(context, "--severity: emerg, alert, crit, err, warning, notice, info or debug");
      return false;
    }
    request.set_severity(*severity);
  }
  TimeRange range;
  if (!ReadRange(context, options.range, range)) return false;
  if (range.from) SetNs(*range.from, *request.mutable_from_time());
  if (range.to) SetNs(*range.to, *request.mutable_to_time());
  return true;
}

void Print(Context& context, const std::vector<v1::Event>& events, const std::string& form) {
  Output output(context);
  if (form == "json") {
    for (const v1::Event& event : events) AppendEventJson(event, nullptr, output.text());
    return;
  }
  if (events.empty()) return Note(context, "no events");
  Grid grid = EventGrid();
  for (const v1::Event& event : events) AddEventRow(event, context.now_ns, grid);
  grid.AppendTo(output.text(), context.color);
}

void RunList(Context& context, const ListOptions& options) {
  v1::ListEventsRequest request;
  if (!Fill(context, options, request)) return;
  Client client(context);
  std::vector<v1::Event> events;
  do {
    const std::uint64_t missing = options.limit == 0 ? kPageSize : options.limit - events.size();
    request.set_page_size(static_cast<std::uint32_t>(std::min<std::uint64_t>(missing, kPageSize)));
    v1::ListEventsResponse response;
    if (Report(context, client.ListEvents(request, response)) != kExitOk) return;
    events.insert(events.end(), response.events().begin(), response.events().end());
    request.set_page_token(response.next_page_token());
  } while (!request.page_token().empty() && (options.limit == 0 || events.size() < options.limit));
  Print(context, events, options.output);
  if (!request.page_token().empty()) Note(context, "there are more (-n 0 shows all)");
}

void RunGet(Context& context, std::uint64_t id, const std::string& form) {
  v1::GetEventRequest request;
  request.set_id(id);
  v1::GetEventResponse response;
  if (Report(context, Client(context).GetEvent(request, response)) != kExitOk) return;
  Output output(context);
  if (form == "json") return AppendEventJson(response.event(), &response, output.text());
  AppendEventText(response, context.color, output.text());
}

void RunChange(Context& context, const ChangeOptions& options, const char* done, Change change) {
  v1::ChangeEventsRequest request;
  request.set_note(options.note);
  for (const std::string& text : options.ids) {
    std::uint64_t id = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), id);
    if (error != std::errc() || end != text.data() + text.size()) {
      UsageError(context, fmt::format("{} is not the id of an event", text));
      return;
    }
    request.add_ids(id);
  }
  Client client(context);
  v1::ChangeEventsResponse response;
  if (Report(context, (client.*change)(request, response)) != kExitOk) return;
  for (const v1::Event& event : response.events()) {
    const bool late = change == &Client::AcknowledgeEvents && event.state() == v1::Event::STATE_RESOLVED;
    Note(context, fmt::format("event {} {}", event.id(), late ? "is resolved already and stays so" : done));
  }
}

void AddChange(CLI::App& events, Context& context, const char* verb, const char* description,
               const char* about, const char* done, Change change) {
  auto& command = AddCommand(events, verb, description);
  auto options = std::make_shared<ChangeOptions>();
  Require(AddTexts(command, "ID", options->ids, "Ids of events"));
  AddText(command, "--note", options->note, "TEXT", "Is added to each of them, with your address");
  AddExamples(command, about, {fmt::format("events {} 17 18 --note \"disk was replaced\"", verb)});
  OnRun(command, [&context, options, done, change] { RunChange(context, *options, done, change); });
}

void AddList(CLI::App& events, Context& context) {
  auto& list = AddCommand(events, "list", "Shows events, newest first");
  auto options = std::make_shared<ListOptions>();
  AddText(list, "--rule", options->rule, "NAME", "Only those of this rule; may hold *");
  AddText(list, "--key", options->key, "KEY", "Only those with this key");
  AddText(list, "--severity", options->severity, "SEVERITY", "Only those at least as severe");
  AddChoice(list, "--state", options->state, "any|open|acknowledged|resolved|unresolved",
            "Only those in this state; unresolved: open or acknowledged (default any)");
  AddRange(list, options->range, false);
  AddNumber(list, "-n,--limit", options->limit, "At most N events; 0: all (default 100)");
  AddOverviewOutput(list, options->output);
  AddExamples(list, "LAST: when the last of its records was made; COUNT: how many records belong to it.",
              {"events list --state unresolved", "events list --rule \"sshd-*\" --since 1d -o json"});
  OnRun(list, [&context, options] { RunList(context, *options); });
}

void AddGet(CLI::App& events, Context& context) {
  auto& get = AddCommand(events, "get", "Shows one event, and what became of it at each target");
  auto id = std::make_shared<std::uint64_t>(0);
  auto form = std::make_shared<std::string>("text");
  Require(AddNumber(get, "ID", *id, "Id of the event", 1));
  AddChoice(get, "-o,--output", *form, "text|json", "Form of the output (default text)");
  AddExamples(get, "Exit code 1: there is no such event.", {"events get 17", "events get 17 -o json"});
  OnRun(get, [&context, id, form] { RunGet(context, *id, *form); });
}

}  // namespace

void RegisterEvents(CLI::App& root, Context& context) {
  auto& command = AddCommand(root, "events", "Events: lists, watches, acknowledges and resolves them");
  AddExamples(command, "Events are what detections noticed, or add-ons raised.",
              {"events list --state unresolved", "events get 17", "events watch", "events resolve 17"});
  AddList(command, context);
  AddGet(command, context);
  RegisterEventWatch(command, context);
  AddChange(command, context, "ack", "Says that somebody takes care of events",
            "One that is resolved stays so; it gets the note all the same.", "acknowledged",
            &Client::AcknowledgeEvents);
  AddChange(command, context, "resolve", "Says that events are over",
            "Targets are told as well, unless the event is muted.", "resolved", &Client::ResolveEvents);
  AddChange(command, context, "redeliver", "Lets targets tell of events once more",
            "The record of the event is written to the log again, as the event is now and not muted.",
            "will be told of again", &Client::RedeliverEvents);
}

}  // namespace cistern::ctl
