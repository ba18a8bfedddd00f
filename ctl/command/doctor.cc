#include <fmt/format.h>

#include <csignal>

#include "cistern/v1/admin_service.pb.h"
#include "ctl/client.h"
#include "ctl/command/listener_probe.h"
#include "ctl/command/options.h"
#include "ctl/printer/diagnosis.h"
#include "ctl/printer/text.h"
#include "ctl/printer/time_text.h"
#include "ingest/message/wall_time.h"

namespace cistern::ctl {
namespace {

using Level = Diagnosis::Level;

constexpr std::int64_t kClocksApart = 2'000'000'000;
constexpr std::int64_t kDefaultWait = 5'000'000'000;

struct DoctorOptions {
  std::string output = "table";
  bool no_send = false;
  std::int64_t wait_ns = kDefaultWait;
};

Level LevelOf(v1::DiagnoseResponse::Finding::Level level) {
  switch (level) {
    case v1::DiagnoseResponse::Finding::LEVEL_OK:
      return Level::kOk;
    case v1::DiagnoseResponse::Finding::LEVEL_NOTE:
      return Level::kNote;
    case v1::DiagnoseResponse::Finding::LEVEL_WARNING:
      return Level::kWarning;
    default:
      return Level::kWrong;
  }
}

// Prints each finding as it is made: probing takes seconds.
class Doctor {
 public:
  Doctor(Context& context, const DoctorOptions& options) : context_(context), options_(options) {}

  void Run() {
    Client client(context_);
    v1::GetStatusResponse status;
    if (Report(context_, client.GetStatus(status)) != kExitOk) return;
    LookAtDaemon(status);
    AskDaemon(client);
    if (!options_.no_send)
      for (const Diagnosis& one : ProbeListeners(context_, client, status, options_.wait_ns)) Tell(one);
    if (wrong_) context_.exit_code = kExitNegative;
  }

 private:
  void LookAtDaemon(const v1::GetStatusResponse& status) {
    if (status.state() == v1::GetStatusResponse::STATE_READY) {
      Tell({Level::kOk, "daemon", fmt::format("cisternd {} at {} is ready", status.version(), context_.addr),
            ""});
    } else {
      Tell({Level::kWrong, "daemon", "is not ready: " + status.reason(), "its log says more"});
    }
    if (status.version() != CISTERN_VERSION)
      Tell({Level::kNote, "version",
            fmt::format("this is cisternctl {}, the daemon is {}", CISTERN_VERSION, status.version()),
            "use the same release of both"});
  }

  void AskDaemon(Client& client) {
    v1::DiagnoseResponse response;
    const std::int64_t before = WallTime();
    const CallStatus called = client.Diagnose(response);
    const std::int64_t after = WallTime();
    if (!called.ok())
      return Tell(
          {Level::kNote, "diagnosis", "the daemon does not tell: " + called.message, "ask as an admin"});
    for (const auto& finding : response.findings())
      Tell({LevelOf(finding.level()), finding.about(), finding.text(), finding.advice()});
    CompareClocks(ToNs(response.server_time()), before, after);
  }

  // The server read its clock at some time between the two.
  void CompareClocks(std::int64_t server, std::int64_t before, std::int64_t after) {
    const std::int64_t behind = before - server, ahead = server - after;
    const std::int64_t apart = std::max<std::int64_t>({behind, ahead, 0});
    if (apart < kClocksApart) return;
    Tell({Level::kWarning, "clocks",
          fmt::format("the daemon's clock is {} {} this machine's", FormatSpan(apart),
                      behind > ahead ? "behind" : "ahead of"),
          "set both by NTP"});
  }

  void Tell(const Diagnosis& one) {
    wrong_ = wrong_ || one.level == Level::kWrong;
    Output output(context_);
    if (options_.output == "json") {
      AppendDiagnosisJson(one, output.text());
    } else {
      AppendDiagnosisText(one, context_.color, output.text());
    }
  }

  Context& context_;
  const DoctorOptions& options_;
  bool wrong_ = false;
};

}  // namespace

void RegisterDoctor(CLI::App& root, Context& context) {
  auto& command =
      AddCommand(root, "doctor",
                 "Looks for what is wrong: the daemon, its machine, and a message through every listener");
  auto options = std::make_shared<DoctorOptions>();
  AddFlag(command, "--no-send", options->no_send,
          "Send nothing; otherwise each listener gets one marked message");
  AddSpan(command, "--wait", options->wait_ns, "How long the messages may take to be found (default 5s)");
  AddOverviewOutput(command, options->output);
  AddExamples(command, "Exits 1 when something is wrong.", {"doctor", "doctor --no-send -o json"});
  OnRun(command, [&context, options] {
    std::signal(SIGPIPE, SIG_IGN);
    Doctor(context, *options).Run();
  });
}

}  // namespace cistern::ctl
