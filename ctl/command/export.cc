#include <fmt/format.h>

#include <fstream>
#include <ostream>

#include "cistern/v1/log_service.pb.h"
#include "ctl/client.h"
#include "ctl/command/options.h"
#include "ctl/command/requests.h"
#include "ctl/interrupt.h"
#include "ctl/printer/text.h"
#include "ctl/transfer/pending_file.h"
#include "ctl/transfer/progress.h"
#include "ctl/transfer/record_writer.h"
#include "ctl/transfer/sqlite_writer.h"

namespace cistern::ctl {
namespace {

struct ExportOptions {
  FilterWords filter;
  RangeOptions range;
  std::string format = "jsonl";
  std::string framing = "line";
  std::string file;
};

void Fail(Context& context, const FileError& error) {
  *context.err << "cisternctl: " << Visible(error.message) << '\n';
  context.exit_code = kExitSoftware;
}

// How many records there will be, 0 when nobody wants to know.
std::uint64_t CountMatches(Client& client, const v1::QueryRequest& query, const Progress& progress) {
  if (!progress.shown()) return 0;
  v1::AggregateRequest request;
  request.set_filter(query.filter());
  if (query.has_from()) *request.mutable_from() = query.from();
  if (query.has_to()) *request.mutable_to() = query.to();
  v1::AggregateResponse response;
  return client.Aggregate(request, response).ok() ? response.count() : 0;
}

v1::QueryRequest MakeRequest(const ExportOptions& options, const TimeRange& range) {
  v1::QueryRequest request;
  request.set_filter(options.filter.Text());
  request.set_order(v1::QueryRequest::ORDER_OLDEST_FIRST);
  request.set_include_raw(options.format != "csv" && options.format != "sqlite");
  SetRange(range, "received", request);
  return request;
}

// Everything that matches, into `writer`. False when that did not succeed; then it has been said why.
bool Copy(Context& context, const v1::QueryRequest& request, RecordWriter& writer, std::uint64_t& records) {
  const InterruptGuard interrupt(context.stop);
  Client client(context);
  Progress progress(context, "exporting");
  const std::uint64_t total = CountMatches(client, request, progress);
  Result<void, FileError> written;
  bool whole = false;
  const auto status = client.Query(request, [&](v1::QueryResponse& response) {
    for (const v1::Record& record : response.records()) {
      written = writer.Write(record);
      if (!written) return false;
      ++records;
    }
    progress.Update(records, total, records);
    whole = whole || response.has_summary();
    return true;
  });
  if (written && whole) written = writer.Finish();
  progress.Clear();
  if (!written) {
    Fail(context, written.error());
    return false;
  }
  if (Report(context, status, request.filter()) != kExitOk) return false;
  if (whole) return true;
  *context.err << "cisternctl: interrupted; the export is not complete\n";
  context.exit_code = kExitNegative;
  return false;
}

void ExportToStdout(Context& context, const ExportOptions& options, const v1::QueryRequest& request) {
  const auto writer =
      MakeTextWriter(options.format, ParseTextFraming(options.framing), *context.out, "standard output");
  std::uint64_t records = 0;
  if (Copy(context, request, *writer, records)) Note(context, FormatCount(records) + " records exported");
}

void ExportToFile(Context& context, const ExportOptions& options, const v1::QueryRequest& request) {
  PendingFile file(options.file);
  std::ofstream stream;
  std::unique_ptr<RecordWriter> writer;
  if (options.format == "sqlite") {
    auto made = MakeSqliteWriter(file.temporary());
    if (!made) return Fail(context, made.error());
    writer = std::move(*made);
  } else {
    stream.open(file.temporary(), std::ios::binary);
    if (!stream) return Fail(context, {options.file + ": cannot be written"});
    writer = MakeTextWriter(options.format, ParseTextFraming(options.framing), stream, options.file);
  }
  std::uint64_t records = 0;
  if (!Copy(context, request, *writer, records)) return;
  writer.reset();
  stream.close();
  if (const auto committed = file.Commit(); !committed) return Fail(context, committed.error());
  Note(context, fmt::format("{} records exported to {}", FormatCount(records), options.file));
}

void RunExport(Context& context, const ExportOptions& options) {
  TimeRange range;
  if (!ReadRange(context, options.range, range)) return;
  const bool to_stdout = options.file.empty() || options.file == "-";
  if (to_stdout && options.format == "sqlite") {
    UsageError(context, "-o sqlite needs --file");
    return;
  }
  const v1::QueryRequest request = MakeRequest(options, range);
  to_stdout ? ExportToStdout(context, options, request) : ExportToFile(context, options, request);
}

}  // namespace

void RegisterExport(CLI::App& root, Context& context) {
  auto& command = AddCommand(root, "export", "Writes stored records into a file, oldest first");
  auto options = std::make_shared<ExportOptions>();
  AddFilter(command, options->filter);
  AddRange(command, options->range, false);
  AddChoice(
      command, "-o,--output", options->format, "jsonl|csv|rfc5424|sqlite",
      "Form; jsonl: every field and the octets as received, for `import`; csv; rfc5424: messages as a "
      "relay would send them; sqlite: monthly tables with full-text search, laid out as aiosyslogd does "
      "(default jsonl)");
  AddText(command, "-f,--file", options->file, "FILE",
          "Where to; replaced once the export is whole (default standard output)");
  AddChoice(
      command, "--framing", options->framing, "line|counted",
      "rfc5424: one message a line, line ends inside as #012; or each behind its length, octets as they "
      "are (default line)");
  AddExamples(command, "",
              {"export --since 7d --file week.jsonl", "export app:sshd -o rfc5424 | grep -c Failed",
               "export --from 2026-11-01 --to 2026-12-01 -o sqlite --file november.sqlite3"});
  OnRun(command, [&context, options] { RunExport(context, *options); });
}

}  // namespace cistern::ctl
