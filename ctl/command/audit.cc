// audit: who changed what, and who was refused.
#include <fmt/format.h>

#include "cistern/v1/access_service.pb.h"
#include "ctl/client.h"
#include "ctl/command/options.h"
#include "ctl/printer/access.h"
#include "ctl/printer/time_text.h"

namespace cistern::ctl {
namespace {

constexpr std::uint64_t kPageSize = 1000;

struct AuditOptions {
  RangeOptions range;
  std::uint64_t limit = 100;
  std::string output = "table";
};

// Fetches pages until `limit` entries are there; 0: all.
CallStatus Fetch(Client& client, v1::ListAuditRequest request, std::uint64_t limit,
                 std::vector<v1::AuditEntry>& entries) {
  do {
    const std::uint64_t missing = limit == 0 ? kPageSize : limit - entries.size();
    request.set_page_size(static_cast<std::uint32_t>(std::min(missing, kPageSize)));
    v1::ListAuditResponse response;
    if (const auto status = client.ListAudit(request, response); !status.ok()) return status;
    entries.insert(entries.end(), response.entries().begin(), response.entries().end());
    request.set_page_token(response.next_page_token());
  } while (!request.page_token().empty() && (limit == 0 || entries.size() < limit));
  return {};
}

void RunAudit(Context& context, const AuditOptions& options) {
  TimeRange range;
  if (!ReadRange(context, options.range, range)) return;
  v1::ListAuditRequest request;
  if (range.from) SetNs(*range.from, *request.mutable_from());
  if (range.to) SetNs(*range.to, *request.mutable_to());
  std::vector<v1::AuditEntry> entries;
  Client client(context);
  if (Report(context, Fetch(client, request, options.limit, entries)) != kExitOk) return;
  Output output(context);
  if (options.output == "json") {
    for (const v1::AuditEntry& entry : entries) AppendAuditJson(entry, output.text());
    return;
  }
  if (entries.empty()) return Note(context, "nothing was changed or refused");
  Grid grid = AuditGrid();
  for (const v1::AuditEntry& entry : entries) AddAuditRow(entry, grid);
  grid.AppendTo(output.text(), context.color);
}

}  // namespace

void RegisterAudit(CLI::App& root, Context& context) {
  auto& command = AddCommand(root, "audit", "Shows who changed what and who was refused, newest first");
  auto options = std::make_shared<AuditOptions>();
  AddRange(command, options->range, false);
  AddNumber(command, "-n,--limit", options->limit, "At most N entries; 0: all (default 100)");
  AddOverviewOutput(command, options->output);
  AddExamples(
      command,
      "CALLER is the name of the grant or token; `local` came through the Unix socket or loopback without\n"
      "TLS. The newest 10,000 entries are kept; of refusals 60 a minute are, and how many more there were.",
      {"audit --since 1d", "audit -n 20 -o json"});
  OnRun(command, [&context, options] { RunAudit(context, *options); });
}

}  // namespace cistern::ctl
