#include "ctl/command/options.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <ostream>

#include "ctl/printer/plan.h"
#include "ctl/printer/text.h"

namespace cistern::ctl {
namespace {

// `choices` is written `a|b|c`.
bool IsChoice(std::string_view value, std::string_view choices) {
  while (!choices.empty()) {
    const auto bar = choices.find('|');
    if (choices.substr(0, bar) == value) return true;
    if (bar == std::string_view::npos) return false;
    choices.remove_prefix(bar + 1);
  }
  return false;
}

// `--limit` of `-n,--limit`.
std::string LongName(const std::string& flags) { return flags.substr(flags.rfind(',') + 1); }

}  // namespace

CLI::App& AddCommand(CLI::App& parent, const std::string& name, const std::string& description) {
  return *parent.add_subcommand(name, description);
}

void OnRun(CLI::App& command, std::function<void()> run) { command.callback(std::move(run)); }

CLI::Option* AddText(CLI::App& command, const std::string& flags, std::string& value, const std::string& type,
                     const std::string& description) {
  return command.add_option(flags, value, description)->type_name(type);
}

CLI::Option* AddTexts(CLI::App& command, const std::string& flags, std::vector<std::string>& values,
                      const std::string& description) {
  return command.add_option(flags, values, description)->type_name("");
}

CLI::Option* AddFlag(CLI::App& command, const std::string& flags, bool& value,
                     const std::string& description) {
  return command.add_flag(flags, value, description);
}

void Require(CLI::Option* option) { option->required(); }
void Exclude(CLI::Option* option, CLI::Option* other) { option->excludes(other); }
bool IsGiven(const CLI::Option* option) { return option->count() > 0; }

std::string FilterWords::Text() const {
  std::string text;
  for (const std::string& word : words) {
    if (!text.empty()) text += ' ';
    text += word;
  }
  return text;
}

void AddFilter(CLI::App& command, FilterWords& filter) {
  AddTexts(command, "FILTER", filter.words,
           "Words, \"phrases\", fields (app:sshd, severity:>=err, host:web-*, peer:10.0.0.0/8, msg:/regex/), "
           "AND OR NOT ( ). Quote what the shell would touch. Empty: everything");
}

void AddRange(CLI::App& command, RangeOptions& range, bool axis) {
  auto* since = AddText(command, "--since", range.since, "TIME",
                        "Not before: 1h, 7d, yesterday, 10:00, 2026-11-20T10:00Z");
  auto* from =
      AddText(command, "--from", range.from, "TIME", "The same as --since; a time without a zone is local");
  AddText(command, "--to", range.to, "TIME", "Before this time; written as --since");
  Exclude(since, from);
  if (!axis) return;
  AddChoice(command, "--by", range.by, "received|time",
            "Which time range and order mean: received here, or event time as the sender stated it (default "
            "received)");
}

bool ReadRange(Context& context, const RangeOptions& options, TimeRange& range) {
  const auto result = ParseTimeRange(options.since, options.from, options.to,
                                     absl::FromUnixNanos(context.now_ns), absl::LocalTimeZone());
  if (!result) {
    UsageError(context, result.error().message);
    return false;
  }
  range = *result;
  return true;
}

CLI::Option* AddChoice(CLI::App& command, const std::string& flags, std::string& value,
                       const std::string& choices, const std::string& description) {
  // An empty validator description keeps the choices from being listed twice.
  const auto check = [choices](const std::string& given) {
    return IsChoice(given, choices) ? std::string() : "\"" + given + "\" is not one of " + choices;
  };
  return command.add_option(flags, value, description)->type_name(choices)->check(check, "");
}

CLI::Option* AddNumber(CLI::App& command, const std::string& flags, std::uint64_t& value,
                       const std::string& description, std::uint64_t least, std::uint64_t most) {
  const auto read = [&value, least, most, name = LongName(flags)](const std::string& text) {
    const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (code == std::errc() && end == text.data() + text.size() && value >= least && value <= most) return;
    throw CLI::ValidationError(name, fmt::format("\"{}\" is not a number from {} {}", Visible(text), least,
                                                 most == UINT64_MAX ? "on" : "to " + std::to_string(most)));
  };
  return command.add_option_function<std::string>(flags, read, description)->type_name("N");
}

CLI::Option* AddSpan(CLI::App& command, const std::string& flags, std::int64_t& ns,
                     const std::string& description) {
  const auto read = [&ns, name = LongName(flags)](const std::string& text) {
    const auto span = ParseSpan(text);
    if (!span) throw CLI::ValidationError(name, span.error().message);
    ns = *span;
  };
  return command.add_option_function<std::string>(flags, read, description)->type_name("DURATION");
}

void AddExplain(CLI::App& command, bool& explain) {
  AddFlag(command, "--explain", explain, "Say on standard error how it was found and what that cost");
}

void PrintPlan(const Context& context, const v1::QuerySummary& summary, bool json) {
  std::string text;
  if (json) {
    AppendPlanJson(summary, text);
  } else {
    AppendPlan(summary, false, text);
  }
  *context.err << text << std::flush;
}

void AddOverviewOutput(CLI::App& command, std::string& output) {
  AddChoice(command, "-o,--output", output, "table|json",
            "For people, or JSON lines for programs (default table)");
}

void AddRecordOutput(CLI::App& command, std::string& output) {
  AddChoice(
      command, "-o,--output", output, "table|json|raw|csv",
      "Form of the records; raw: the octets as received, unescaped (default table on a terminal, else json)");
}

OutputFormat RecordFormat(const Context& context, const std::string& output) {
  if (output.empty()) return context.terminal ? OutputFormat::kTable : OutputFormat::kJson;
  return ParseOutputFormat(output);
}

void AddExamples(CLI::App& command, const std::string& about, const std::vector<std::string>& examples) {
  std::string footer = about.empty() ? "" : about + "\n\n";
  footer += examples.size() == 1 ? "Example:" : "Examples:";
  for (const std::string& example : examples) footer += "\n  cisternctl " + example;
  command.footer(footer);
}

int UsageError(Context& context, std::string_view message) {
  *context.err << "cisternctl: " << message << '\n';
  return context.exit_code = kExitUsage;
}

void Note(const Context& context, std::string_view text) {
  if (!context.quiet) *context.err << "cisternctl: " << text << std::endl;
}

bool Output::Flush() {
  if (context_.out->good() && !text_.empty()) {
    errno = 0;
    context_.out->write(text_.data(), static_cast<std::streamsize>(text_.size())).flush();
    if (!*context_.out) {
      *context_.err << "cisternctl: cannot write the output: " << std::strerror(errno) << '\n';
      context_.exit_code = kExitSoftware;
    }
  }
  text_.clear();
  return context_.out->good();
}

}  // namespace cistern::ctl
