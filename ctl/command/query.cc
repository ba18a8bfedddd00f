#include <fmt/format.h>

#include <ostream>

#include "cistern/v1/log_service.pb.h"
#include "ctl/client.h"
#include "ctl/command/options.h"
#include "ctl/command/requests.h"
#include "ctl/printer/text.h"
#include "ctl/printer/time_text.h"

namespace cistern::ctl {
namespace {

constexpr std::uint64_t kMostByTime = 10'000;  // LogService: the limit of TIME_AXIS_EVENT

struct QueryOptions {
  FilterWords filter;
  RangeOptions range;
  std::uint64_t limit = 100;
  bool limit_given = false;
  std::string order = "newest";
  std::string output;
  std::string cursor;
  bool print_cursor = false;
  bool stats = false;
  bool explain = false;
};

v1::QueryRequest MakeRequest(const QueryOptions& options, const TimeRange& range, OutputFormat format) {
  v1::QueryRequest request;
  request.set_filter(options.filter.Text());
  request.set_order(options.order == "oldest" ? v1::QueryRequest::ORDER_OLDEST_FIRST
                                              : v1::QueryRequest::ORDER_NEWEST_FIRST);
  request.set_limit(options.limit);
  request.set_cursor(options.cursor);
  request.set_include_raw(format == OutputFormat::kRaw);
  SetRange(range, options.range.by, request);
  return request;
}

void PrintCost(const v1::QuerySummary& summary, Context& context) {
  *context.err << fmt::format("{} of {} records matched, {} of {} batches ({}) read, {}\n",
                              FormatCount(summary.matches()), FormatCount(summary.records_considered()),
                              FormatCount(summary.batches_read()), FormatCount(summary.batches_considered()),
                              FormatBytes(summary.bytes_read()), FormatSpan(ToNs(summary.elapsed())));
}

void PrintEnd(const QueryOptions& options, const v1::QuerySummary& summary, const std::string& cursor,
              Context& context) {
  if (summary.matches() == 0) Note(context, "no record matches");
  if (summary.more() && !options.limit_given) {
    Note(context,
         fmt::format("showing the {} {}; more match (-n 0 shows all)", options.order, summary.matches()));
  }
  if (options.print_cursor && !cursor.empty()) *context.err << "cursor: " << cursor << '\n';
  if (options.stats) PrintCost(summary, context);
}

void RunQuery(Context& context, const QueryOptions& options) {
  TimeRange range;
  if (!ReadRange(context, options.range, range)) return;
  if (options.range.by == "time" && (options.limit == 0 || options.limit > kMostByTime)) {
    UsageError(context,
               fmt::format("--by time needs -n 1 to {}; for more, go through time with --from and --to",
                           kMostByTime));
    return;
  }
  const OutputFormat format = RecordFormat(context, options.output);
  const auto printer = MakeRecordPrinter(format, {.color = context.color,
                                                  .terminal = context.terminal,
                                                  .event_time = options.range.by == "time",
                                                  .zone = absl::LocalTimeZone()});
  Output output(context);
  printer->AppendHeader(output.text());
  v1::QuerySummary summary;
  std::string cursor;
  Client client(context);
  const v1::QueryRequest request = MakeRequest(options, range, format);
  const auto status = client.Query(request, [&](v1::QueryResponse& response) {
    for (const auto& record : response.records()) printer->Append(record, output.text());
    if (!response.cursor().empty()) cursor = response.cursor();
    if (response.has_summary()) summary = response.summary();
    return output.Advance();
  });
  if (!output.Flush()) return;
  if (Report(context, status, request.filter()) != kExitOk) return;
  PrintEnd(options, summary, cursor, context);
  if (options.explain) PrintPlan(context, summary, format == OutputFormat::kJson);
}

}  // namespace

void RegisterQuery(CLI::App& root, Context& context) {
  auto& command = AddCommand(root, "query", "Shows stored records that match a filter");
  auto options = std::make_shared<QueryOptions>();
  AddFilter(command, options->filter);
  auto* limit = AddNumber(command, "-n,--limit", options->limit, "At most N records; 0: all (default 100)");
  AddChoice(command, "--order", options->order, "newest|oldest", "Which end comes first (default newest)");
  AddRange(command, options->range, true);
  AddRecordOutput(command, options->output);
  AddText(command, "--cursor", options->cursor, "CURSOR",
          "Continue behind an earlier query with the same options");
  AddFlag(command, "--print-cursor", options->print_cursor,
          "Say on standard error where the query ended, for --cursor");
  AddFlag(command, "--stats", options->stats, "Say on standard error what the query cost");
  AddExplain(command, options->explain);
  AddExamples(command, "",
              {"query failed password", "query app:sshd 'severity:>=warning' --since 1h",
               "query '\"connection reset\" AND NOT host:test-*' -n 0 -o json"});
  OnRun(command, [&context, options, limit] {
    options->limit_given = IsGiven(limit);
    RunQuery(context, *options);
  });
}

}  // namespace cistern::ctl
