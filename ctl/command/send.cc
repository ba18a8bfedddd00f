#include <CLI/CLI.hpp>
#include <csignal>
#include <iostream>
#include <utility>

#include "ctl/client.h"
#include "ctl/command/options.h"
#include "ctl/command/send_options.h"
#include "ctl/sender/load_mark.h"
#include "ctl/sender/syslog_text.h"
#include "ingest/message/wall_time.h"

namespace cistern::ctl {
namespace {

struct SendOptions {
  TargetOptions target;
  std::vector<std::string> words;
  std::string format = "5424";
  std::string facility = "user";
  std::string severity = "notice";
  SyslogHeader header;
};

// False when an option is wrong, which is reported.
bool ReadHeader(Context& context, const SendOptions& options, SyslogHeader& header) {
  header = options.header;
  header.format = options.format == "raw"    ? SendFormat::kRaw
                  : options.format == "3164" ? SendFormat::kRfc3164
                                             : SendFormat::kRfc5424;
  if (header.hostname.empty()) header.hostname = LocalHostName();
  const auto facility = ParseFacility(options.facility);
  const auto severity = ParseSeverity(options.severity);
  std::string mistake = CheckHeader(header);
  if (!facility) mistake = "\"" + options.facility + "\" is no facility; expected kern ... local7 or 0-23";
  if (!severity) mistake = "\"" + options.severity + "\" is no severity; expected emerg ... debug or 0-7";
  if (!mistake.empty()) {
    UsageError(context, mistake);
    return false;
  }
  header.facility = *facility;
  header.severity = *severity;
  return true;
}

std::string JoinWords(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : " ") + word;
  return text;
}

class MessageSender {
 public:
  MessageSender(Context& context, const SendOptions& options, SyslogHeader header, const Target& target)
      : context_(context), options_(options), header_(std::move(header)), target_(target) {}

  bool Open() {
    std::string error;
    connection_ = OpenTarget(context_, target_, "cisternctl-send-" + MakeRunId(), error);
    return connection_ != nullptr || Fail(error);
  }

  // A text with a line feed inside would become two lines, so it is counted unless --framing says otherwise.
  bool Send(std::string_view text) {
    SendFraming framing = target_.framing;
    const bool split = framing == SendFraming::kLine && text.find('\n') != std::string_view::npos;
    if (split && options_.target.framing.empty()) framing = SendFraming::kOctet;
    std::string message;
    AppendSyslog(header_, WallTime(), text, message);
    Batch batch(framing);
    batch.Add(message);
    return connection_->Send(batch) == 1 || Fail(connection_->error());
  }

  bool Finish() { return connection_->Finish() || Fail(connection_->error()); }

 private:
  bool Fail(const std::string& error) {
    *context_.err << "cisternctl: " << error << '\n';
    context_.exit_code = kExitUnavailable;
    return false;
  }

  Context& context_;
  const SendOptions& options_;
  const SyslogHeader header_;
  const Target& target_;
  std::unique_ptr<Connection> connection_;
};

bool SendLines(MessageSender& sender) {
  for (std::string line; std::getline(std::cin, line);) {
    if (!line.empty() && !sender.Send(line)) return false;
  }
  return true;
}

void RunSend(Context& context, const SendOptions& options) {
  std::signal(SIGPIPE, SIG_IGN);
  SyslogHeader header;
  const auto target = ReadTarget(context, options.target);
  if (!target || !ReadHeader(context, options, header)) return;
  MessageSender sender(context, options, header, *target);
  if (!sender.Open()) return;
  if (options.words.empty() ? SendLines(sender) : sender.Send(JoinWords(options.words))) sender.Finish();
}

}  // namespace

void RegisterSend(CLI::App& root, Context& context) {
  auto* command = root.add_subcommand("send", "Sends one syslog message, or each line of standard input");
  auto options = std::make_shared<SendOptions>();
  command->add_option("TEXT", options->words, "The text of the message; without it, standard input is read")
      ->type_name("");
  AddTarget(*command, options->target);
  AddChoice(*command, "--format", options->format, "5424|3164|raw",
            "Header; raw: the text is the whole message (default 5424)");
  command->add_option("--facility", options->facility, "Name or number (default user)")->type_name("NAME");
  command->add_option("--severity", options->severity, "Name or number (default notice)")->type_name("NAME");
  options->header.app_name = "cisternctl";
  command->add_option("--host", options->header.hostname, "Host name (default this machine's)");
  command->add_option("--app", options->header.app_name, "Application (default cisternctl)");
  command->add_option("--procid", options->header.procid, "Process id (default none)");
  command->add_option("--msgid", options->header.msgid, "Message id, RFC 5424 only (default none)");
  command->add_option("--sd", options->header.structured_data,
                      "Structured data, RFC 5424 only: '[id name=\"value\"]' (default none)");
  for (const char* name : {"--host", "--app", "--procid", "--msgid", "--sd"}) {
    command->get_option(name)->type_name("TEXT");
  }
  AddExamples(*command, "",
              {"send hello", "send --severity err --app backup \"disk is full\" --to tcp://127.0.0.1:5140",
               "send --to tls://logs.example.net:6514 --ca ca.crt --cert me.crt --key me.key < lines.txt"});
  command->callback([&context, options] { RunSend(context, *options); });
}

}  // namespace cistern::ctl
