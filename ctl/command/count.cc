
#include "cistern/v1/log_service.pb.h"
#include "ctl/client.h"
#include "ctl/command/options.h"
#include "ctl/command/requests.h"
#include "proto/convert/json.h"

namespace cistern::ctl {
namespace {

struct CountOptions {
  FilterWords filter;
  RangeOptions range;
  std::string output = "table";
  bool explain = false;
};

void RunCount(Context& context, const CountOptions& options) {
  TimeRange range;
  if (!ReadRange(context, options.range, range)) return;
  v1::AggregateRequest request;
  request.set_filter(options.filter.Text());
  SetRange(range, options.range.by, request);
  v1::AggregateResponse response;
  if (Report(context, Client(context).Aggregate(request, response), request.filter()) != kExitOk) return;
  const bool json = options.output == "json";
  {
    Output output(context);
    JsonWriter writer(output.text());
    if (json) {
      writer.BeginObject().Key("count").Number(response.count()).EndObject();
    } else {
      output.text() = std::to_string(response.count());
    }
    output.text() += '\n';
  }
  if (options.explain) PrintPlan(context, response.summary(), json);
}

}  // namespace

void RegisterCount(CLI::App& root, Context& context) {
  auto& command = AddCommand(root, "count", "Prints how many records match a filter");
  auto options = std::make_shared<CountOptions>();
  AddFilter(command, options->filter);
  AddRange(command, options->range, true);
  AddOverviewOutput(command, options->output);
  AddExplain(command, options->explain);
  AddExamples(command, "", {"count 'severity:>=err' --since today"});
  OnRun(command, [&context, options] { RunCount(context, *options); });
}

}  // namespace cistern::ctl
