#include <fmt/format.h>

#include "cistern/v1/log_service.pb.h"
#include "ctl/client.h"
#include "ctl/command/options.h"
#include "ctl/command/requests.h"
#include "ctl/printer/grid.h"
#include "proto/convert/json.h"

namespace cistern::ctl {
namespace {

struct TopOptions {
  std::string field;
  FilterWords filter;
  RangeOptions range;
  std::uint64_t limit = 10;
  std::string output = "table";
  bool explain = false;
};

std::string Share(std::uint64_t count, std::uint64_t total) {
  const double share = total == 0 ? 0 : 100.0 * static_cast<double>(count) / static_cast<double>(total);
  return fmt::format("{:.1f}%", share);
}

void AppendTable(const v1::AggregateResponse& response, const TopOptions& options, bool color,
                 std::string& out) {
  Grid grid({{"COUNT", Grid::Align::kRight}, {"SHARE", Grid::Align::kRight}, {options.field}});
  for (const auto& value : response.values()) {
    grid.AddRow({std::to_string(value.count()), Share(value.count(), response.count()),
                 value.value().empty() ? "\"\"" : value.value()});
  }
  const auto rest = [&](std::uint64_t count, const std::string& label) {
    if (count > 0) grid.AddRow({std::to_string(count), Share(count, response.count()), label});
  };
  rest(response.other(),
       fmt::format("({} other values)",
                   response.distinct_values() - static_cast<std::uint64_t>(response.values_size())));
  rest(response.without_value(), "(absent)");
  grid.AppendTo(out, color);
}

void AppendJson(const v1::AggregateResponse& response, std::string& out) {
  for (const auto& value : response.values()) {
    JsonWriter json(out);
    json.BeginObject().Key("value").String(value.value()).Key("count").Number(value.count()).EndObject();
    out += '\n';
  }
}

void RunTop(Context& context, const TopOptions& options) {
  TimeRange range;
  if (!ReadRange(context, options.range, range)) return;
  v1::AggregateRequest request;
  request.set_filter(options.filter.Text());
  request.set_top_field(options.field);
  request.set_top_limit(static_cast<std::uint32_t>(options.limit));
  SetRange(range, options.range.by, request);
  v1::AggregateResponse response;
  if (Report(context, Client(context).Aggregate(request, response), request.filter()) != kExitOk) return;
  const bool json = options.output == "json";
  {
    Output output(context);
    if (json) {
      AppendJson(response, output.text());
    } else if (response.count() > 0) {
      AppendTable(response, options, context.color, output.text());
    }
  }
  if (!json && response.count() == 0) Note(context, "no record matches");
  if (options.explain) PrintPlan(context, response.summary(), json);
}

}  // namespace

void RegisterTop(CLI::App& root, Context& context) {
  auto& command = AddCommand(root, "top", "Shows the most frequent values of a field");
  auto options = std::make_shared<TopOptions>();
  Require(AddText(command, "FIELD", options->field, "",
                  "host, app, severity, facility, peer, msgid, tag.NAME, sd.ID.NAME, json.NAME ..."));
  AddFilter(command, options->filter);
  AddNumber(command, "-n,--limit", options->limit, "How many values, 1 to 10000 (default 10)", 1, 10'000);
  AddRange(command, options->range, true);
  AddOverviewOutput(command, options->output);
  AddExplain(command, options->explain);
  AddExamples(command, "", {"top host 'severity:>=err' --since 24h", "top app -n 20 -o json"});
  OnRun(command, [&context, options] { RunTop(context, *options); });
}

}  // namespace cistern::ctl
