#include "ctl/printer/histogram.h"

#include <fmt/format.h>

#include "cistern/v1/admin_service.pb.h"
#include "cistern/v1/log_service.pb.h"
#include "ctl/client.h"
#include "ctl/command/options.h"
#include "ctl/command/requests.h"
#include "proto/convert/json.h"

namespace cistern::ctl {
namespace {

struct HistogramOptions {
  FilterWords filter;
  RangeOptions range;
  std::string bucket = "auto";
  std::string output = "table";
  bool explain = false;
};

// The width of --bucket; for `auto` one that suits the range, or what is stored where the range is open.
CallStatus ChooseWidth(Context& context, Client& client, const HistogramOptions& options,
                       const TimeRange& range, std::int64_t& width) {
  if (options.bucket != "auto") {
    const auto span = ParseSpan(options.bucket);
    if (!span) return {.exit_code = kExitUsage, .message = "--bucket: " + span.error().message};
    width = *span;
    return {};
  }
  v1::GetStatusResponse status;
  if (const auto result = client.GetStatus(status); !result.ok()) return result;
  const auto& store = status.store();
  const std::int64_t oldest =
      store.has_oldest_received_time() ? ToNs(store.oldest_received_time()) : context.now_ns;
  const std::int64_t from =
      std::max(range.from.value_or(oldest), options.range.by == "time" ? INT64_MIN : oldest);
  const std::int64_t to = std::min(range.to.value_or(context.now_ns), context.now_ns);
  width = ChooseBucket(std::max<std::int64_t>(to - from, 0));
  return {};
}

std::vector<Bucket> BucketsOf(const v1::AggregateResponse& response, std::int64_t width) {
  std::vector<Bucket> sparse;
  for (const auto& bucket : response.buckets()) sparse.push_back({ToNs(bucket.start()), bucket.count()});
  return FillBuckets(sparse, width);
}

void AppendJson(const std::vector<Bucket>& buckets, std::string& out) {
  for (const Bucket& bucket : buckets) {
    google::protobuf::Timestamp start;
    SetNs(bucket.start_ns, start);
    JsonWriter json(out);
    json.BeginObject().Key("start").Time(start).Key("count").Number(bucket.count).EndObject();
    out += '\n';
  }
}

void RunHistogram(Context& context, const HistogramOptions& options) {
  TimeRange range;
  if (!ReadRange(context, options.range, range)) return;
  Client client(context);
  std::int64_t width = 0;
  if (Report(context, ChooseWidth(context, client, options, range, width)) != kExitOk) return;
  v1::AggregateRequest request;
  request.set_filter(options.filter.Text());
  SetRange(range, options.range.by, request);
  SetNs(width, *request.mutable_bucket());
  v1::AggregateResponse response;
  if (Report(context, client.Aggregate(request, response), request.filter()) != kExitOk) return;

  const auto buckets = BucketsOf(response, width);
  const bool json = options.output == "json";
  {
    Output output(context);
    if (json) {
      AppendJson(buckets, output.text());
    } else {
      AppendHistogram(buckets, width, absl::LocalTimeZone(), context.columns, context.color, output.text());
    }
  }
  if (!json) {
    Note(context, buckets.empty()
                      ? "no record matches"
                      : fmt::format("{} records, {} a line", response.count(), FormatSpan(width)));
  }
  if (options.explain) PrintPlan(context, response.summary(), json);
}

}  // namespace

void RegisterHistogram(CLI::App& root, Context& context) {
  auto& command = AddCommand(root, "histogram", "Draws how many matching records arrived over time");
  auto options = std::make_shared<HistogramOptions>();
  AddFilter(command, options->filter);
  AddText(command, "--bucket", options->bucket, "auto|DURATION",
          "Width of one line, for example 5m (default auto)");
  AddRange(command, options->range, true);
  AddOverviewOutput(command, options->output);
  AddExplain(command, options->explain);
  AddExamples(command, "Labels are local time; JSON has UTC.", {"histogram app:sshd failed --since 24h"});
  OnRun(command, [&context, options] { RunHistogram(context, *options); });
}

}  // namespace cistern::ctl
