#include <fmt/format.h>

#include <map>

#include "cistern/v1/target_service.pb.h"
#include "ctl/client.h"
#include "ctl/command/definition_text.h"
#include "ctl/command/options.h"
#include "ctl/interrupt.h"
#include "ctl/printer/grid.h"
#include "ctl/printer/text.h"
#include "ctl/printer/time_text.h"
#include "proto/convert/json.h"

namespace cistern::ctl {
namespace {

constexpr std::size_t kShownError = 60;

struct ListOptions {
  std::vector<std::string> names;
  std::string output = "table";
};

std::string StateName(v1::TargetStatus::State state) {
  std::string name = v1::TargetStatus::State_Name(state);
  name = name.substr(std::min(name.size(), sizeof "STATE_" - 1));
  for (char& c : name) c = static_cast<char>(c | 0x20);
  return name;
}

// The name of the kind in the definition.
std::string KindName(const v1::Target& target) {
  const auto* field = v1::Target::descriptor()->FindFieldByNumber(static_cast<int>(target.kind_case()));
  return field == nullptr ? "" : field->name();
}

std::string Shortened(const std::string& text) {
  return text.size() <= kShownError ? text : text.substr(0, kShownError - 3) + "...";
}

// What somebody on call wants to know first: the error while there is one.
std::string LastError(const v1::TargetStatus& status) {
  const bool failing =
      status.state() == v1::TargetStatus::STATE_RETRYING || status.state() == v1::TargetStatus::STATE_BROKEN;
  return failing ? Shortened(status.last_error()) : "";
}

void AppendTable(const std::vector<v1::TargetInfo>& targets, const Context& context, std::string& out) {
  using Align = Grid::Align;
  Grid grid({{"NAME"},
             {"KIND"},
             {"STATE"},
             {"LAG", Align::kRight},
             {"LAG SIZE", Align::kRight},
             {"BEHIND", Align::kRight},
             {"SENT", Align::kRight},
             {"RATE/S", Align::kRight},
             {"DEAD", Align::kRight},
             {"LOST", Align::kRight},
             {"ERROR"}});
  for (const v1::TargetInfo& info : targets) {
    const v1::TargetStatus& status = info.status();
    grid.AddRow({info.target().name(), KindName(info.target()), StateName(status.state()),
                 FormatCount(status.lag_records()), FormatBytes(status.lag_bytes()),
                 status.has_lag() ? FormatSpan(ToNs(status.lag())) : "", FormatCount(status.sent_records()),
                 FormatCount(static_cast<std::uint64_t>(status.rate())), FormatCount(status.dead_letters()),
                 FormatCount(status.lost_to_retention() + status.dead_letters_discarded()),
                 LastError(status)});
  }
  grid.AppendTo(out, context.color);
}

void AppendJson(const v1::TargetInfo& info, std::string& out) {
  const v1::TargetStatus& status = info.status();
  JsonWriter json(out);
  json.BeginObject().Key("name").String(info.target().name()).Key("kind").String(KindName(info.target()));
  json.Key("revision").Number(info.revision()).Key("from_configuration").Bool(info.from_configuration());
  json.Key("created").Time(info.create_time()).Key("updated").Time(info.update_time());
  json.OptionalString("filter", info.target().filter());
  json.Key("state").String(StateName(status.state())).Key("guarantee").String(status.guarantee());
  json.Key("position").Number(status.position()).Key("lag_records").Number(status.lag_records());
  json.Key("lag_bytes").Number(status.lag_bytes());
  json.Key("lag_seconds").Seconds(status.has_lag() ? ToNs(status.lag()) : 0);
  json.Key("sent_records").Number(status.sent_records()).Key("sent_bytes").Number(status.sent_bytes());
  json.Key("rate").Literal(fmt::format("{:.1f}", status.rate())).Key("errors").Number(status.errors());
  json.OptionalString("last_error", status.last_error());
  if (status.has_last_error_time()) json.Key("last_error_time").Time(status.last_error_time());
  if (status.has_retry_time()) json.Key("retry_time").Time(status.retry_time());
  json.Key("dead_letters").Number(status.dead_letters());
  json.Key("dead_letters_discarded").Number(status.dead_letters_discarded());
  json.Key("lost_to_retention").Number(status.lost_to_retention()).Key("loops").Number(status.loops());
  json.OptionalString("endpoint", status.endpoint());
  json.EndObject();
  out += '\n';
}

void Print(Context& context, const std::vector<v1::TargetInfo>& targets, const std::string& output_form) {
  Output output(context);
  if (output_form == "json") {
    for (const v1::TargetInfo& info : targets) AppendJson(info, output.text());
    return;
  }
  if (targets.empty()) return Note(context, "no targets; `cisternctl apply -f FILE` makes some");
  AppendTable(targets, context, output.text());
}

void RunList(Context& context, const ListOptions& options) {
  Client client(context);
  std::vector<v1::TargetInfo> targets;
  v1::ListTargetsRequest request;
  do {
    v1::ListTargetsResponse response;
    if (Report(context, client.ListTargets(request, response)) != kExitOk) return;
    targets.insert(targets.end(), response.targets().begin(), response.targets().end());
    request.set_page_token(response.next_page_token());
  } while (!request.page_token().empty());
  Print(context, targets, options.output);
}

void RunGet(Context& context, const std::string& name, const std::string& form) {
  v1::GetTargetRequest request;
  request.set_name(name);
  v1::TargetInfo info;
  if (Report(context, Client(context).GetTarget(request, info)) != kExitOk) return;
  Output output(context);
  if (form == "json") return AppendJson(info, output.text());
  // A file that `apply` takes.
  output.text() = "targets:\n";
  std::string lead = "  - ";
  for (const std::string& line : YamlLines(info.target())) {
    output.text() += std::exchange(lead, "    ") + line + '\n';
  }
}

// On a terminal the table is painted anew in place; elsewhere a line each time something changed.
void RunWatch(Context& context, const ListOptions& options) {
  v1::WatchTargetsRequest request;
  for (const std::string& name : options.names) request.add_names(name);
  std::map<std::string, v1::TargetInfo> known;
  std::size_t lines = 0;
  const auto on_response = [&](v1::ListTargetsResponse& response) {
    std::vector<v1::TargetInfo> shown;
    for (const std::string& name : response.deleted()) known.erase(name);
    for (v1::TargetInfo& info : *response.mutable_targets()) {
      shown.push_back(info);
      known[info.target().name()] = std::move(info);
    }
    Output output(context);
    if (!context.terminal || options.output == "json") {
      for (const v1::TargetInfo& info : shown) AppendJson(info, output.text());
      return output.Flush();
    }
    if (lines > 0) output.text() += fmt::format("\x1b[{}A\x1b[J", lines);
    shown.clear();
    for (const auto& [name, info] : known) shown.push_back(info);
    AppendTable(shown, context, output.text());
    lines = shown.size() + 1;
    return output.Flush();
  };
  const InterruptGuard interrupt(context.stop);
  Report(context, Client(context).WatchTargets(request, on_response));
}

}  // namespace

void RegisterTargets(CLI::App& root, Context& context) {
  auto& command =
      AddCommand(root, "targets", "Forwarding targets: lists, watches, pauses, rewinds and tests them");
  AddExamples(command, "`cisternctl apply -f FILE` creates and changes targets.",
              {"targets list", "targets get central", "targets rewind central --since 1h --preview"});

  auto& list = AddCommand(command, "list", "Shows all targets and how they do");
  auto options = std::make_shared<ListOptions>();
  AddOverviewOutput(list, options->output);
  AddExamples(list,
              "LAG: stored records behind the target's position, whether or not they match its filter; "
              "BEHIND: age of\n"
              "the oldest of them; DEAD: dead letters; LOST: never delivered, because retention or the bound "
              "of dead\n"
              "letters took them.",
              {"targets list", "targets list -o json"});
  OnRun(list, [&context, options] { RunList(context, *options); });

  auto& get = AddCommand(command, "get", "Shows one target: its definition, or with -o json how it does");
  auto name = std::make_shared<std::string>();
  auto form = std::make_shared<std::string>("yaml");
  Require(AddText(get, "NAME", *name, "", "Name of the target"));
  AddChoice(get, "-o,--output", *form, "yaml|json", "yaml: a file that `apply` takes (default yaml)");
  AddExamples(get, "", {"targets get central", "targets get central -o json"});
  OnRun(get, [&context, name, form] { RunGet(context, *name, *form); });

  auto& watch = AddCommand(command, "watch", "Follows how targets do, until interrupted");
  auto watched = std::make_shared<ListOptions>();
  AddTexts(watch, "NAME", watched->names, "Only these targets");
  AddOverviewOutput(watch, watched->output);
  AddExamples(watch, "", {"targets watch", "targets watch central -o json"});
  OnRun(watch, [&context, watched] { RunWatch(context, *watched); });

  RegisterTargetChanges(command, context);
  RegisterTargetTest(command, context);
  RegisterDeadLetters(command, context);
}

}  // namespace cistern::ctl
