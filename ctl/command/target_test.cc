#include <fmt/format.h>

#include "cistern/v1/target_service.pb.h"
#include "ctl/client.h"
#include "ctl/command/options.h"
#include "ctl/command/target_file.h"
#include "ctl/printer/text.h"
#include "ctl/printer/time_text.h"
#include "proto/convert/json.h"

namespace cistern::ctl {
namespace {

struct TestOptions {
  std::string name, file;
  std::string output = "table";
};

// False: reported.
bool Fill(Context& context, const TestOptions& options, v1::TestTargetRequest& request) {
  if (options.file.empty()) {
    request.set_name(options.name);
    return true;
  }
  v1::TargetFile file;
  if (!ReadTargetFile(context, options.file, file)) return false;
  for (const v1::Target& target : file.targets()) {
    if (target.name() != options.name) continue;
    *request.mutable_definition() = target;
    return true;
  }
  UsageError(context, fmt::format("{} has no target {}", options.file, options.name));
  return false;
}

void Append(const Context& context, const v1::TestStep& step, const std::string& form, std::string& out) {
  if (form == "json") {
    JsonWriter json(out);
    json.BeginObject().Key("step").String(step.step()).Key("ok").Bool(step.ok());
    json.OptionalString("detail", step.detail()).Key("seconds").Seconds(ToNs(step.elapsed())).EndObject();
    out += '\n';
    return;
  }
  out += Painted(step.ok() ? "ok    " : "failed", step.ok() ? Paint::kGreen : Paint::kBoldRed, context.color);
  out += "  " + Visible(step.step());
  if (!step.detail().empty()) out += ": " + Visible(step.detail());
  out += fmt::format("  ({})\n", FormatSpan(ToNs(step.elapsed())));
}

void RunTest(Context& context, const TestOptions& options) {
  v1::TestTargetRequest request;
  if (!Fill(context, options, request)) return;
  bool ok = true;
  const auto on_step = [&](v1::TestStep& step) {
    ok = ok && step.ok();
    Output output(context);
    Append(context, step, options.output, output.text());
    return output.Flush();
  };
  if (Report(context, Client(context).TestTarget(request, on_step)) == kExitOk && !ok)
    context.exit_code = kExitNegative;
}

}  // namespace

void RegisterTargetTest(CLI::App& targets, Context& context) {
  auto& command =
      AddCommand(targets, "test", "Sends one marked record to a target's destination, step by step");
  auto options = std::make_shared<TestOptions>();
  Require(AddText(command, "NAME", options->name, "", "Name of the target"));
  AddText(command, "-f,--file", options->file, "FILE",
          "Tries the target of that name in FILE, which need not be applied");
  AddOverviewOutput(command, options->output);
  AddExamples(command, "The running delivery is not disturbed. Exit code 1: a step failed.",
              {"targets test central", "targets test central -f targets.yaml"});
  OnRun(command, [&context, options] { RunTest(context, *options); });
}

}  // namespace cistern::ctl
