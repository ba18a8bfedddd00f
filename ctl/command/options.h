// What several commands share: filter words, time range, output form and the way out.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "ctl/command/commands.h"
#include "ctl/printer/record_printer.h"
#include "ctl/time_range.h"

namespace CLI {
class Option;
}
namespace cistern::v1 {
class QuerySummary;
}

namespace cistern::ctl {

// Adds a subcommand that does `run`. Commands use these functions instead of CLI11 itself, which takes
// seconds to compile in every file that includes it.
CLI::App& AddCommand(CLI::App& parent, const std::string& name, const std::string& description);
void OnRun(CLI::App& command, std::function<void()> run);
CLI::Option* AddText(CLI::App& command, const std::string& flags, std::string& value, const std::string& type,
                     const std::string& description);
CLI::Option* AddTexts(CLI::App& command, const std::string& flags, std::vector<std::string>& values,
                      const std::string& description);
CLI::Option* AddFlag(CLI::App& command, const std::string& flags, bool& value,
                     const std::string& description);
void Require(CLI::Option* option);
void Exclude(CLI::Option* option, CLI::Option* other);
bool IsGiven(const CLI::Option* option);

// [FILTER...]: the words of a filter, joined by spaces.
struct FilterWords {
  std::vector<std::string> words;
  std::string Text() const;
};
void AddFilter(CLI::App& command, FilterWords& filter);

// --since, --from, --to and, with `axis`, --by received|time.
struct RangeOptions {
  std::string since, from, to;
  std::string by = "received";
  bool given() const { return !since.empty() || !from.empty() || !to.empty(); }
};
void AddRange(CLI::App& command, RangeOptions& range, bool axis);
// On a mistake reports it and returns false.
bool ReadRange(Context& context, const RangeOptions& options, TimeRange& range);

// An option that takes one of `choices`, written `table|json`. Help and completion show the choices.
CLI::Option* AddChoice(CLI::App& command, const std::string& flags, std::string& value,
                       const std::string& choices, const std::string& description);

// An option that takes a number from `least` to `most`.
CLI::Option* AddNumber(CLI::App& command, const std::string& flags, std::uint64_t& value,
                       const std::string& description, std::uint64_t least = 0,
                       std::uint64_t most = UINT64_MAX);

// An option that takes a span such as `90s` or `7d`.
CLI::Option* AddSpan(CLI::App& command, const std::string& flags, std::int64_t& ns,
                     const std::string& description);

// --explain of the commands that query; what it asks for goes to standard error.
void AddExplain(CLI::App& command, bool& explain);
void PrintPlan(const Context& context, const v1::QuerySummary& summary, bool json);

// -o table|json of the commands that print an overview.
void AddOverviewOutput(CLI::App& command, std::string& output);

// -o table|json|raw|csv of the commands that print records. Empty: table on a terminal, else json.
void AddRecordOutput(CLI::App& command, std::string& output);
OutputFormat RecordFormat(const Context& context, const std::string& output);

// One or more examples for the end of a command's help; each line is a whole command line without
// `cisternctl`.
void AddExamples(CLI::App& command, const std::string& about, const std::vector<std::string>& examples);

// Reports a wrong command line. Returns kExitUsage.
int UsageError(Context& context, std::string_view message);

// Prints a note to standard error unless --quiet.
void Note(const Context& context, std::string_view text);

// Collects output and writes it in large pieces.
class Output {
 public:
  explicit Output(Context& context) : context_(context) {}
  ~Output() { Flush(); }
  Output(const Output&) = delete;
  Output& operator=(const Output&) = delete;

  std::string& text() { return text_; }
  // Writes when a lot has gathered. False: standard output takes nothing any more, and that is reported.
  bool Advance() { return text_.size() < kPiece || Flush(); }
  bool Flush();

 private:
  static constexpr std::size_t kPiece = 256 << 10;
  Context& context_;
  std::string text_;
};

}  // namespace cistern::ctl
