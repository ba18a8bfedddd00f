// events watch.
#include <condition_variable>
#include <mutex>

#include "cistern/v1/event_service.pb.h"
#include "ctl/client.h"
#include "ctl/command/options.h"
#include "ctl/interrupt.h"
#include "ctl/printer/event.h"
#include "ingest/message/record.h"
#include "ingest/message/wall_time.h"

namespace cistern::ctl {
namespace {

struct WatchOptions {
  std::string rule, severity;
  std::uint64_t after = 0;
  CLI::Option* after_option = nullptr;
  bool all = false;
  std::string output;  // empty: a table on a terminal, else JSON
};

// False: told to stop.
bool Pause(Context& context) {
  std::mutex mutex;
  std::condition_variable_any never;
  std::unique_lock lock(mutex);
  never.wait_for(lock, context.stop.get_token(), std::chrono::seconds(1), [] { return false; });
  return !context.stop.stop_requested();
}

bool Print(Context& context, const v1::WatchEventsResponse& response, bool json) {
  Output output(context);
  if (response.events().empty()) return true;
  Grid grid = EventGrid();
  for (int i = 0; i < response.events_size(); ++i) {
    if (json) {
      const std::uint64_t change = i < response.changes_size() ? response.changes(i) : 0;
      AppendEventJson(response.events(i), nullptr, output.text(), change);
    } else {
      AddEventRow(response.events(i), WallTime(), grid);
    }
  }
  if (!json) grid.AppendTo(output.text(), context.color);
  return output.Flush();
}

// Goes on behind the last change when the daemon was away.
void RunWatch(Context& context, const WatchOptions& options) {
  v1::WatchEventsRequest request;
  request.set_rule(options.rule);
  if (!options.severity.empty()) {
    const auto severity = ParseSeverity(options.severity);
    if (!severity) {
      UsageError(context, "--severity: emerg, alert, crit, err, warning, notice, info or debug");
      return;
    }
    request.set_severity(*severity);
  }
  if (options.all || IsGiven(options.after_option)) request.set_after(options.after);
  const bool json = options.output == "json" || (options.output.empty() && !context.terminal);
  const InterruptGuard interrupt(context.stop);
  bool connected = false, lost = false;
  Client client(context);
  const auto on_response = [&](v1::WatchEventsResponse& response) {
    if (std::exchange(lost, false)) Note(context, "connected again; nothing was missed");
    connected = true;
    request.set_after(response.change());
    return Print(context, response, json);
  };
  for (;;) {
    const CallStatus status = client.WatchEvents(request, on_response);
    if (context.stop.stop_requested() || status.ok()) break;
    if (!status.retryable || !connected) {
      Report(context, status);
      return;
    }
    if (!std::exchange(lost, true)) Note(context, status.message + "; trying again until it is back");
    if (!Pause(context)) break;
  }
  if (connected) Note(context, "to go on: --after " + std::to_string(request.after()));
}

}  // namespace

void RegisterEventWatch(CLI::App& events, Context& context) {
  auto& command = AddCommand(events, "watch", "Follows events as they are raised and changed");
  auto options = std::make_shared<WatchOptions>();
  AddText(command, "--rule", options->rule, "NAME", "Only those of this rule; may hold *");
  AddText(command, "--severity", options->severity, "SEVERITY", "Only those at least as severe");
  options->after_option = AddNumber(command, "--after", options->after, "Goes on behind change N");
  AddFlag(command, "--all", options->all, "Begins with all events there are");
  AddChoice(command, "-o,--output", options->output, "table|json",
            "Form of the output (default table on a terminal, else json)");
  AddExamples(command,
              "An event that changed several times while nobody watched is shown once, as it is now. When it "
              "is interrupted\nit says where to go on; in JSON each line has the number of its `change`.",
              {"events watch", "events watch --rule \"sshd-*\" -o json", "events watch --after 1234"});
  OnRun(command, [&context, options] { RunWatch(context, *options); });
}

}  // namespace cistern::ctl
