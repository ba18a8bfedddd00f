#include <fmt/format.h>

#include <chrono>
#include <thread>

#include "cistern/v1/admin_service.pb.h"
#include "ctl/client.h"
#include "ctl/command/options.h"
#include "ctl/printer/status_text.h"
#include "ctl/printer/text.h"
#include "ctl/printer/time_text.h"

namespace cistern::ctl {
namespace {

struct StatusOptions {
  std::string output = "table";
  std::int64_t wait_ns = 0;
};

constexpr std::chrono::milliseconds kPollInterval{100};

// Asks until the state is READY or the time is over.
CallStatus GetStatus(Client& client, const StatusOptions& options, v1::GetStatusResponse& response) {
  const auto end = std::chrono::steady_clock::now() + std::chrono::nanoseconds(options.wait_ns);
  for (;;) {
    const auto status = client.GetStatus(response);
    const bool ready = status.ok() && response.state() == v1::GetStatusResponse::STATE_READY;
    const bool worth_waiting = status.ok() || status.retryable;
    if (ready || options.wait_ns == 0 || !worth_waiting) return status;
    if (std::chrono::steady_clock::now() >= end) {
      if (!status.ok()) return status;
      return {.exit_code = kExitUnavailable,
              .message = fmt::format("not ready after {}: {}{}{}", FormatSpan(options.wait_ns),
                                     StateName(response.state()), response.reason().empty() ? "" : ", ",
                                     Visible(response.reason()))};
    }
    std::this_thread::sleep_for(kPollInterval);
  }
}

void RunStatus(Context& context, const StatusOptions& options) {
  v1::GetStatusResponse response;
  Client client(context);
  if (Report(context, GetStatus(client, options, response)) != kExitOk) return;
  Output output(context);
  if (options.output == "json") {
    AppendStatusJson(response, output.text());
  } else {
    AppendStatusText(response, {.addr = context.addr, .now_ns = context.now_ns, .color = context.color},
                     output.text());
  }
}

}  // namespace

void RegisterStatus(CLI::App& root, Context& context) {
  auto& command = AddCommand(root, "status", "Shows how the daemon is doing and where every message went");
  auto options = std::make_shared<StatusOptions>();
  AddOverviewOutput(command, options->output);
  AddSpan(command, "--wait-ready", options->wait_ns,
          "Wait up to this long for the daemon to be ready; else exit 69");
  AddExamples(command, "", {"status", "status --wait-ready 30s -o json"});
  OnRun(command, [&context, options] { RunStatus(context, *options); });
}

}  // namespace cistern::ctl
