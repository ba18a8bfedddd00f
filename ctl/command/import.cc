#include <fmt/format.h>

#include <cstdlib>
#include <fstream>
#include <ostream>

#include "cistern/v1/admin_service.pb.h"
#include "cistern/v1/config.pb.h"
#include "ctl/client.h"
#include "ctl/command/options.h"
#include "ctl/command/text_time_options.h"
#include "ctl/interrupt.h"
#include "ctl/printer/text.h"
#include "ctl/printer/time_text.h"
#include "ctl/transfer/import_stream.h"
#include "ctl/transfer/progress.h"
#include "proto/yaml/reader.h"

namespace cistern::ctl {
namespace {

struct ImportOptions {
  std::vector<std::string> files;
  TextTimes times;
  std::string format = "auto";
  std::string received_at = "previous", password_file;
};

struct Totals {
  std::uint64_t stored = 0, unreadable = 0, repeated_files = 0;
  std::int64_t oldest = INT64_MAX;
};

Untimed ParseUntimed(const std::string& name) {
  if (name == "mtime") return Untimed::kFile;
  return name == "now" ? Untimed::kNow : Untimed::kPrevious;
}

void Fail(Context& context, const std::string& message) {
  *context.err << "cisternctl: " << Visible(message) << '\n';
  context.exit_code = kExitNegative;
}

void Warn(const Context& context, const std::string& message) {
  *context.err << "cisternctl: " << Visible(message) << std::endl;
}

// What retention keeps, ns; 0: everything.
std::int64_t RetentionAge(Context& context) {
  v1::GetConfigResponse response;
  if (!Client(context).GetConfig(response).ok()) return 0;
  v1::Config config;
  Origins origins;
  YamlErrors errors;
  ReadYaml(response.yaml(), {}, {config, origins, errors});
  return config.storage().retention().max_age();
}

// False when the daemon cannot take more.
bool ImportReader(Context& context, const std::shared_ptr<grpc::Channel>& channel, RecordReader& reader,
                  Totals& totals) {
  ImportResult result;
  Progress progress(context, "importing " + reader.name());
  const auto show = [&] { progress.Update(reader.done(), reader.total(), result.read); };
  const auto status = Import(context, channel, reader, show, result);
  progress.Clear();
  totals.stored += result.stored;
  totals.unreadable += result.unreadable;
  totals.oldest = std::min(totals.oldest, result.oldest);
  if (result.unreadable > 0) {
    Fail(context, fmt::format("{}: {} not imported; the first: {}", reader.name(),
                              FormatCount(result.unreadable), result.first_problem));
  }
  if (!result.file_error.message.empty()) Fail(context, result.file_error.message);
  if (!status.ok()) {
    Report(context, status);
    Note(context, FormatCount(totals.stored) + " records imported; run it again to go on there");
    return false;
  }
  if (result.skipped_to > 0 && result.read == 0) {
    Note(context, reader.name() + ": imported before, nothing new");
  } else if (result.skipped_to > 0) {
    Note(context, reader.name() + ": went on where an earlier import ended");
  }
  return !context.stop.stop_requested();
}

// False when nothing more can be done.
bool ImportFile(Context& context, const std::shared_ptr<grpc::Channel>& channel, const std::string& file,
                const ReadOptions& options, Totals& totals) {
  const auto readers = OpenReaders(file, options);
  if (!readers) {
    Fail(context, readers.error().message);
    return true;
  }
  for (const auto& reader : *readers) {
    if (!ImportReader(context, channel, *reader, totals)) return false;
  }
  return true;
}

// Of a database: from the file, or the environment. False when the file cannot be read.
bool ReadPassword(Context& context, const ImportOptions& options, std::string& password) {
  const char* given = std::getenv("CISTERN_MARIADB_PASSWORD");
  if (options.password_file.empty()) {
    if (given != nullptr) password = given;
    return true;
  }
  std::ifstream file(options.password_file);
  if (std::getline(file, password)) return true;
  UsageError(context, "--password-file: " + options.password_file + " cannot be read or is empty");
  return false;
}

void RunImport(Context& context, const ImportOptions& options) {
  ReadOptions read{
      .format = options.format, .untimed = ParseUntimed(options.received_at), .now_ns = context.now_ns};
  const auto times = ReadTextTimes(options.times, context.now_ns);
  if (!times) {
    UsageError(context, times.error().message);
    return;
  }
  read.times = *times;
  if (!ReadPassword(context, options, read.password)) return;
  const InterruptGuard interrupt(context.stop);
  const auto channel = Connect(context);
  Totals totals;
  bool whole = true;
  for (const std::string& file : options.files) {
    whole = ImportFile(context, channel, file, read, totals);
    if (!whole) break;
  }
  if (whole) Note(context, FormatCount(totals.stored) + " records imported");
  if (context.stop.stop_requested()) {
    Fail(context, fmt::format("interrupted; {} records imported; run it again to go on there",
                              FormatCount(totals.stored)));
  }
  const std::int64_t kept = totals.stored > 0 ? RetentionAge(context) : 0;
  if (kept > 0 && totals.oldest < context.now_ns - kept) {
    Warn(context,
         fmt::format("warning: the oldest imported record is of {}; the daemon deletes records older "
                     "than {} (storage.retention.max_age)",
                     Rfc3339(totals.oldest), FormatSpan(kept)));
  }
}

}  // namespace

void RegisterImport(CLI::App& root, Context& context) {
  auto& command = AddCommand(root, "import", "Stores the records of files with their original times");
  auto options = std::make_shared<ImportOptions>();
  Require(
      AddTexts(command, "FILE", options->files,
               "Files, also gzip or zstd; - is standard input; mariadb://USER@HOST:PORT/DATABASE/TABLE is a "
               "table that a target wrote"));
  AddChoice(
      command, "--format", options->format, "auto|jsonl|text|aiosyslogd",
      "jsonl: as `export` and `query -o json` write it; text: syslog messages, one a line or octet-counted; "
      "aiosyslogd: its SQLite files of either layout (default auto: by content)");
  AddTextTimes(command, options->times);
  AddChoice(command, "--received-at", options->received_at, "previous|mtime|now",
            "text: received time of a line without a time: that of the line before, of the file, or now "
            "(default previous)");
  AddText(command, "--password-file", options->password_file, "FILE",
          "mariadb: its first line is the password (default: CISTERN_MARIADB_PASSWORD)");
  AddExamples(
      command,
      "A file is known again by its content: a second import stores nothing twice, and one that was\n"
      "interrupted goes on where it was (for 30 days). Imported records carry the flag `imported`.",
      {"import week.jsonl", "import --zone Europe/Berlin /var/log/syslog*", "import syslog_202611.sqlite3",
       "import --password-file /etc/cistern/db mariadb://logs@db.example.net:3306/logs/cistern_logs",
       "query flags:imported -n 5"});
  OnRun(command, [&context, options] { RunImport(context, *options); });
}

}  // namespace cistern::ctl
