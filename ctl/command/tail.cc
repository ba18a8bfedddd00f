#include <ostream>

#include "cistern/v1/admin_service.pb.h"
#include "cistern/v1/log_service.pb.h"
#include "ctl/command/requests.h"
#include "ctl/command/tail_follow.h"
#include "ctl/interrupt.h"

namespace cistern::ctl {
namespace {

constexpr std::uint64_t kMostLast = 100'000;

struct TailOptions {
  FilterWords filter;
  RangeOptions range;
  std::uint64_t limit = 100;
  bool limit_given = false;
  std::string order = "oldest";
  std::string output;
  std::uint64_t from_id = 0;
  std::string resume;
  std::string name;
  bool print_resume = false;
  bool follow = false;  // nothing changes by it
  bool no_follow = false;
  bool imported = false;
  bool by_position() const { return from_id > 0 || !resume.empty(); }
};

// Behind which id a tail starts that begins at time `from`. The status comes first, so that a record that
// arrives between the two calls is not missed.
CallStatus FindStart(Client& client, std::int64_t from, std::uint64_t& after) {
  v1::GetStatusResponse status;
  if (const auto result = client.GetStatus(status); !result.ok()) return result;
  after = status.store().last_record_id();
  v1::QueryRequest request;
  request.set_order(v1::QueryRequest::ORDER_OLDEST_FIRST);
  request.set_limit(1);
  SetNs(from, *request.mutable_from());
  return client.Query(request, [&](v1::QueryResponse& response) {
    for (const auto& record : response.records()) after = record.id() - 1;
    return true;
  });
}

CallStatus SetStart(Client& client, const TailOptions& options, const TimeRange& range,
                    v1::TailRequest& request) {
  if (!options.resume.empty()) {
    request.set_resume_token(options.resume);
  } else if (options.from_id > 0) {
    request.set_after_record_id(options.from_id - 1);
  } else if (range.from && !options.limit_given) {
    std::uint64_t after = 0;
    if (const auto status = FindStart(client, *range.from, after); !status.ok()) return status;
    request.set_after_record_id(after);
  } else if (options.limit == 0) {
    request.set_after_record_id(0);
  } else {
    request.set_last(options.limit);
  }
  return {};
}

// Stored records only, by a query: the newest N, in either order. Returned oldest first they wait in memory,
// N of them at most; without a bound the query itself gives them oldest first.
void ShowStored(Context& context, Client& client, RecordPrinter& printer, const TailOptions& options,
                const TimeRange& range, bool include_raw) {
  const bool all = options.limit == 0 || (range.from && !options.limit_given);
  const bool oldest = options.order == "oldest";
  v1::QueryRequest request;
  request.set_filter(options.filter.Text());
  request.set_limit(all ? 0 : options.limit);
  request.set_include_raw(include_raw);
  request.set_order(all && oldest ? v1::QueryRequest::ORDER_OLDEST_FIRST
                                  : v1::QueryRequest::ORDER_NEWEST_FIRST);
  SetRange(range, "received", request);
  Output output(context);
  std::vector<std::string> waiting;
  printer.AppendHeader(output.text());
  const auto status = client.Query(request, [&](v1::QueryResponse& response) {
    for (const auto& record : response.records()) {
      printer.Append(record, oldest && !all ? waiting.emplace_back() : output.text());
    }
    return output.Advance();
  });
  for (auto line = waiting.rbegin(); line != waiting.rend() && output.Advance(); ++line)
    output.text() += *line;
  if (output.Flush()) Report(context, status, request.filter());
}

// What contradicts itself; null when nothing does.
const char* Contradiction(const TailOptions& options, bool follow) {
  if (options.order == "newest" && (follow || options.by_position())) {
    return "a tail that follows shows the newest last; add --no-follow, or use `cisternctl query`";
  }
  if (options.by_position() && (options.limit_given || options.range.given())) {
    return "--from-id and --resume say where to start: leave out -n, --since, --from and --to";
  }
  return nullptr;
}

void RunTail(Context& context, const TailOptions& options) {
  TimeRange range;
  if (!ReadRange(context, options.range, range)) return;
  const bool follow = !options.no_follow && !(range.to && *range.to <= context.now_ns);
  if (const char* message = Contradiction(options, follow)) {
    UsageError(context, message);
    return;
  }
  const InterruptGuard interrupt(context.stop);
  const OutputFormat format = RecordFormat(context, options.output);
  const auto printer = MakeRecordPrinter(
      format, {.color = context.color, .terminal = context.terminal, .zone = absl::LocalTimeZone()});
  const bool include_raw = format == OutputFormat::kRaw;
  Client client(context);
  if (!follow && !options.by_position() && options.name.empty())
    return ShowStored(context, client, *printer, options, range, include_raw);

  FollowPlan plan{.from = range.from, .to = range.to, .print_resume = options.print_resume};
  plan.request.set_filter(options.filter.Text());
  plan.request.set_follow(follow);
  plan.request.set_include_raw(include_raw);
  plan.request.set_cursor_name(options.name);
  plan.request.set_include_imported(options.imported);
  if (Report(context, SetStart(client, options, range, plan.request)) != kExitOk) return;
  Follower(context, client, *printer).Run(std::move(plan));
}

void AddStart(CLI::App& command, TailOptions& options) {
  auto* id = AddNumber(command, "--from-id", options.from_id, "Start at this record id", 1);
  auto* resume = AddText(command, "--resume", options.resume, "TOKEN", "Start where an earlier tail ended");
  Exclude(resume, id);
  AddText(command, "--name", options.name, "NAME",
          "Let the daemon remember the position under this name: the next tail of NAME goes on behind it");
  AddFlag(command, "--print-resume", options.print_resume,
          "Say on standard error where the tail ended, for --resume");
  auto* follow = AddFlag(command, "-f,--follow", options.follow, "Go on with new records, as it does anyway");
  auto* no_follow = AddFlag(command, "--no-follow", options.no_follow, "End after the stored records");
  Exclude(follow, no_follow);
  AddFlag(command, "--imported", options.imported,
          "Show records as they are imported, too; a tail that follows passes over them otherwise");
}

}  // namespace

void RegisterTail(CLI::App& root, Context& context) {
  auto& command = AddCommand(root, "tail", "Shows the latest records, then new ones as they are stored");
  auto options = std::make_shared<TailOptions>();
  AddFilter(command, options->filter);
  auto* limit = AddNumber(
      command, "-n,--limit", options->limit,
      "Begin with the last N matching records, at most 100000; 0: with all stored ones (default 100)", 0,
      kMostLast);
  AddChoice(command, "--order", options->order, "newest|oldest",
            "Which end comes first; newest only with --no-follow (default oldest)");
  AddRange(command, options->range, false);
  AddRecordOutput(command, options->output);
  AddStart(command, *options);
  AddExamples(
      command,
      "Ctrl-C ends it. When the daemon is restarted, the tail goes on by itself: nothing is missed or shown\n"
      "twice. With --since and without -n it begins at that time; `--from now` shows only new records.",
      {"tail", "tail 'severity:>=err' -n 20", "tail app:sshd --since 10m -o json"});
  OnRun(command, [&context, options, limit] {
    options->limit_given = IsGiven(limit);
    RunTail(context, *options);
  });
}

}  // namespace cistern::ctl
