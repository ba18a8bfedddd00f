#include <fmt/format.h>
#include <sys/resource.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <charconv>
#include <chrono>
#include <csignal>
#include <thread>

#include "cistern/v1/log_service.pb.h"
#include "ctl/client.h"
#include "ctl/command/options.h"
#include "ctl/command/send_options.h"
#include "ctl/interrupt.h"
#include "ctl/printer/text.h"
#include "ctl/sender/load_mark.h"
#include "ctl/sender/load_run.h"
#include "ctl/sender/verifier.h"
#include "proto/convert/json.h"

namespace cistern::ctl {
namespace {

constexpr std::chrono::milliseconds kPollInterval{100};
constexpr std::chrono::seconds kQuietTime{3};  // nothing more was stored for so long: nothing more comes
constexpr std::size_t kDatagramBatch = 64;
constexpr unsigned kMaxConnections = 10'000;

struct LoadCommand {
  TargetOptions target;
  LoadOptions load;
  std::uint64_t connections = 1;
  std::string format = "mixed";
  bool verify = false;
  std::string output = "table";
};

// CPU time of this process so far.
double CpuSeconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

// Empty, or what is wrong with `text` as a rate.
std::string CheckRate(const std::string& text) {
  double rate = 0;
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), rate);
  if (code == std::errc() && end == text.data() + text.size() && rate >= 0) return {};
  return "\"" + Visible(text) + "\" is not a number from 0 on";
}

std::string RunFilter(const std::string& run) { return "\"run=" + run + "\""; }

// Waits until all that was sent is stored, or until nothing more comes.
CallStatus WaitUntilStored(Client& client, const LoadCommand& command, std::uint64_t sent) {
  v1::AggregateRequest request;
  request.set_filter(RunFilter(command.load.run));
  std::uint64_t stored = 0;
  auto changed = std::chrono::steady_clock::now();
  while (std::chrono::steady_clock::now() - changed < kQuietTime) {
    v1::AggregateResponse response;
    if (auto status = client.Aggregate(request, response); !status.ok()) return status;
    if (response.count() >= sent) return {};
    if (response.count() != stored) changed = std::chrono::steady_clock::now();
    stored = response.count();
    std::this_thread::sleep_for(kPollInterval);
  }
  return {};
}

CallStatus Verify(Context& context, const LoadCommand& command, const LoadResult& result,
                  Verification& verification) {
  Client client(context);
  if (auto status = WaitUntilStored(client, command, result.sent); !status.ok()) return status;
  Verifier verifier(command.load.run, result.attempted, result.sent);
  v1::QueryRequest request;
  request.set_filter(RunFilter(command.load.run));
  request.set_order(v1::QueryRequest::ORDER_OLDEST_FIRST);
  const auto status = client.Query(request, [&](v1::QueryResponse& response) {
    for (const v1::Record& record : response.records()) {
      verifier.Add(record.hostname(), record.app_name(), record.procid(), record.message());
    }
    return true;
  });
  verification = verifier.Finish();
  return status;
}

void AppendJson(const LoadCommand& command, const LoadResult& result, double cpu,
                const Verification* verification, std::string& out) {
  const auto messages = static_cast<double>(std::max<std::uint64_t>(result.sent, 1));
  JsonWriter json(out);
  json.BeginObject();
  json.Key("run").String(command.load.run);
  json.Key("to").String(command.target.to);
  json.Key("connections").Number(command.load.connections);
  json.Key("sent").Number(result.sent);
  json.Key("failed").Number(result.failed);
  json.Key("octets").Number(result.octets);
  json.Key("seconds").Seconds(static_cast<std::int64_t>(result.elapsed.count() * 1e9));
  json.Key("per_second")
      .Number(static_cast<std::uint64_t>(messages / std::max(result.elapsed.count(), 1e-9)));
  json.Key("cpu_ns_per_message").Number(static_cast<std::uint64_t>(cpu * 1e9 / messages));
  json.OptionalString("error", result.error);
  if (verification != nullptr) {
    json.Key("stored").Number(verification->stored);
    json.Key("missing").Number(verification->missing);
    json.Key("duplicates").Number(verification->duplicates);
    json.Key("out_of_order").Number(verification->out_of_order);
    json.Key("damaged").Number(verification->damaged);
    json.Key("unexpected").Number(verification->unexpected);
    json.Key("verified").Bool(verification->good());
  }
  json.EndObject();
  out += '\n';
}

void AppendText(const LoadCommand& command, const LoadResult& result, double cpu,
                const Verification* verification, std::string& out) {
  const auto messages = static_cast<double>(std::max<std::uint64_t>(result.sent, 1));
  const double seconds = std::max(result.elapsed.count(), 1e-9);
  out += fmt::format("run {} to {}: sent {}, failed {}\n", command.load.run, command.target.to, result.sent,
                     result.failed);
  out += fmt::format(
      "{:.2f} s, {:.0f} messages/s, {:.1f} MB/s, {:.0f} octets a message, sender CPU {:.2f} us a message\n",
      seconds, static_cast<double>(result.sent) / seconds, static_cast<double>(result.octets) / 1e6 / seconds,
      static_cast<double>(result.octets) / messages, cpu * 1e6 / messages);
  if (verification == nullptr) return;
  out += fmt::format("{}: stored {}, missing {}, duplicates {}, out of order {}, damaged {}, unexpected {}\n",
                     verification->good() ? "verified" : "NOT verified", verification->stored,
                     verification->missing, verification->duplicates, verification->out_of_order,
                     verification->damaged, verification->unexpected);
}

void RunLoadCommand(Context& context, LoadCommand command) {
  std::signal(SIGPIPE, SIG_IGN);
  const auto target = ReadTarget(context, command.target);
  if (!target) return;
  command.load.run = MakeRunId();
  command.load.connections = static_cast<unsigned>(command.connections);
  command.load.framing = target->framing;
  command.load.format = command.format == "5424"   ? LoadFormat::kRfc5424
                        : command.format == "3164" ? LoadFormat::kRfc3164
                                                   : LoadFormat::kMixed;
  const bool datagrams = !target->endpoint.stream() && target->endpoint.kind != Endpoint::Kind::kGrpc;
  if (datagrams) command.load.batch = kDatagramBatch;

  const InterruptGuard interrupt(context.stop);
  const double cpu_before = CpuSeconds();
  const LoadResult result = RunLoad(
      command.load,
      [&](unsigned sender, std::string& error) {
        return OpenTarget(context, *target, fmt::format("cisternctl-load-{}-{}", command.load.run, sender),
                          error);
      },
      context.stop.get_token());
  const double cpu = CpuSeconds() - cpu_before;
  if (!result.error.empty()) {
    *context.err << "cisternctl: " << result.error << '\n';
    context.exit_code = kExitUnavailable;
    if (result.attempted.empty()) return;
  }

  Verification verification;
  command.verify = command.verify && !context.stop.stop_requested();
  if (command.verify) {
    const auto status = Verify(context, command, result, verification);
    if (!status.ok()) {
      Report(context, status);
      return;
    }
    if (!verification.good() && context.exit_code == kExitOk) context.exit_code = kExitNegative;
  }
  Output output(context);
  const Verification* shown = command.verify ? &verification : nullptr;
  (command.output == "json" ? AppendJson : AppendText)(command, result, cpu, shown, output.text());
}

}  // namespace

void RegisterLoad(CLI::App& root, Context& context) {
  auto* command = root.add_subcommand("load", "Sends many messages and can check that each was stored once");
  auto options = std::make_shared<LoadCommand>();
  AddTarget(*command, options->target);
  options->load.count = 100'000;
  AddNumber(*command, "--count", options->load.count, "Messages in all (default 100000)", 1, 10'000'000'000);
  command
      ->add_option("--rate", options->load.rate,
                   "Messages a second in all; 0: as fast as possible (default 0)")
      ->type_name("N")
      ->check(CheckRate, "");
  AddNumber(*command, "--connections", options->connections,
            "Senders at the same time, at most 10000 (default 1)", 1, kMaxConnections);
  AddChoice(*command, "--format", options->format, "mixed|5424|3164",
            "Headers; mixed: half of each (default mixed)");
  AddNumber(*command, "--size", options->load.size,
            "Octets a message, at most 60000; 0: about 174, as they come (default 0)", 0, 60'000);
  command->add_flag("--verify", options->verify,
                    "Then ask the daemon (--addr) whether every message is stored once, whole and in order; "
                    "exit 1 when not");
  AddOverviewOutput(*command, options->output);
  AddExamples(*command, "",
              {"load --to tcp://127.0.0.1:5140 --count 1000000 --verify",
               "load --to udp://127.0.0.1:5140 --rate 50000 --connections 2 -o json"});
  command->callback([&context, options] { RunLoadCommand(context, *options); });
}

}  // namespace cistern::ctl
