#include <fmt/format.h>

#include <ostream>

#include "cistern/v1/record.pb.h"
#include "ctl/command/options.h"
#include "ctl/command/text_time_options.h"
#include "ctl/printer/text.h"
#include "ctl/transfer/record_writer.h"
#include "ctl/transfer/text_reader.h"
#include "ingest/message/rfc5424_text.h"
#include "ingest/parse/parser.h"
#include "proto/convert/record.h"
#include "proto/convert/record_json.h"

namespace cistern::ctl {
namespace {

struct ConvertOptions {
  std::vector<std::string> files;
  TextTimes times;
  std::string format = "rfc5424";
  std::string framing = "line";
};

// One message in the wanted form.
class Converter {
 public:
  Converter(const ConvertOptions& options, ParseContext parse)
      : json_(options.format == "json"), framing_(ParseTextFraming(options.framing)), parse_(parse) {}

  void Append(const Frame& frame, std::string& out) {
    Record record;
    if (frame.truncated) record.flags |= kFlagTruncated;
    ParseMessage(frame.octets, parse_, record);
    if (json_) return AppendJson(record, out);
    RenderRfc5424(record, text_);
    AppendFramed(text_, framing_, out);
  }

 private:
  void AppendJson(Record& record, std::string& out) {
    record.flags &= ~static_cast<std::uint32_t>(kFlagClockSkew);  // nothing was received
    v1::Record proto;
    ToProto(record, false, &proto);
    proto.clear_received_time();
    AppendRecordJson(proto, out);
    out += '\n';
  }

  const bool json_;
  const TextFraming framing_;
  const ParseContext parse_;
  std::string text_;
};

// Stops early when the output takes nothing any more.
Result<void, FileError> ConvertFile(const std::string& path, const ConvertOptions& options,
                                    const TimeReference& times, std::int64_t now_ns, Output& output) {
  const auto source = ByteSource::Open(path);
  if (!source) return source.error();
  TextReader reader(**source);
  Converter converter(options, {times.For((*source)->modified_ns(), now_ns), times.zone.get()});
  for (;;) {
    const auto frame = reader.Next();
    if (!frame) return frame.error();
    if (!*frame) return {};
    converter.Append(**frame, output.text());
    if (!output.Advance()) return {};
  }
}

void RunConvert(Context& context, const ConvertOptions& options) {
  const auto times = ReadTextTimes(options.times, context.now_ns);
  if (!times) {
    UsageError(context, times.error().message);
    return;
  }
  Output output(context);
  const auto files = options.files.empty() ? std::vector<std::string>{"-"} : options.files;
  for (const std::string& file : files) {
    const auto converted = ConvertFile(file, options, *times, context.now_ns, output);
    if (!output.Flush()) return;
    if (converted) continue;
    *context.err << "cisternctl: " << Visible(converted.error().message) << '\n';
    context.exit_code = kExitNegative;
  }
}

}  // namespace

void RegisterConvert(CLI::App& root, Context& context) {
  auto& command =
      AddCommand(root, "convert", "Turns syslog lines of any form into RFC 5424; needs no daemon");
  auto options = std::make_shared<ConvertOptions>();
  AddTexts(
      command, "FILE", options->files,
      "Text files, also gzip or zstd; - or none: standard input. Lines that are RFC 5424 pass unchanged");
  AddTextTimes(command, options->times);
  AddChoice(command, "-o,--format", options->format, "rfc5424|json",
            "What to write: messages, or their fields as JSON lines (default rfc5424)");
  AddChoice(command, "--framing", options->framing, "line|counted",
            "rfc5424: one message a line, or each behind its length (default line)");
  AddExamples(
      command, "",
      {"convert /var/log/syslog", "convert --zone Europe/Berlin --year 2025 messages.1.gz > messages.5424",
       "convert -o json < router.log"});
  OnRun(command, [&context, options] { RunConvert(context, *options); });
}

}  // namespace cistern::ctl
