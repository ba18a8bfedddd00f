
#include "cistern/v1/admin_service.pb.h"
#include "ctl/client.h"
#include "ctl/command/options.h"
#include "ctl/printer/record_text.h"

namespace cistern::ctl {
namespace {

struct ExplainOptions {
  std::uint64_t id = 0;
  std::string output = "table";
};

void RunExplain(Context& context, const ExplainOptions& options) {
  v1::ExplainRequest request;
  request.set_record_id(options.id);
  v1::ExplainResponse response;
  if (Report(context, Client(context).Explain(request, response)) != kExitOk) return;
  Output output(context);
  if (options.output == "json") {
    AppendExplainJson(response, output.text());
  } else {
    AppendExplainText(response, context.color, output.text());
  }
}

}  // namespace

void RegisterExplain(CLI::App& root, Context& context) {
  auto& command = AddCommand(root, "explain", "Shows one record: octets, fields and what the parser decided");
  auto options = std::make_shared<ExplainOptions>();
  Require(AddNumber(command, "ID", options->id, "Record id, as `query -o json` shows it", 1));
  AddOverviewOutput(command, options->output);
  AddExamples(command, "Exit code 1: there is no such record.", {"explain 4711"});
  OnRun(command, [&context, options] { RunExplain(context, *options); });
}

}  // namespace cistern::ctl
