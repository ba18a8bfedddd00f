// targets letters list, retry, discard.
#include <fmt/format.h>

#include <charconv>

#include "cistern/v1/target_service.pb.h"
#include "ctl/client.h"
#include "ctl/command/options.h"
#include "ctl/printer/grid.h"
#include "ctl/printer/text.h"
#include "ctl/printer/time_text.h"
#include "proto/convert/json.h"

namespace cistern::ctl {
namespace {

constexpr std::uint32_t kPageSize = 1000;

struct LetterOptions {
  std::string name;
  std::vector<std::string> ids;
  std::uint64_t limit = 100;
  bool all = false;
  std::string output = "table";
};

void AppendJson(const v1::DeadLetter& letter, std::string& out) {
  JsonWriter json(out);
  json.BeginObject().Key("id").Number(letter.record_id()).Key("reason").String(letter.reason());
  json.Key("attempts").Number(letter.attempts()).Key("first").Time(letter.first_time());
  json.Key("last").Time(letter.last_time()).OptionalString("message", letter.message()).EndObject();
  out += '\n';
}

void AppendTable(const std::vector<v1::DeadLetter>& letters, const Context& context, std::string& out) {
  using Align = Grid::Align;
  Grid grid({{"ID", Align::kRight}, {"TRIES", Align::kRight}, {"LAST TRY"}, {"REASON"}, {"MESSAGE"}});
  for (const v1::DeadLetter& letter : letters) {
    grid.AddRow({std::to_string(letter.record_id()), std::to_string(letter.attempts()),
                 FormatSpan(std::max<std::int64_t>(0, context.now_ns - ToNs(letter.last_time()))) + " ago",
                 letter.reason(), letter.message().empty() ? "(deleted by retention)" : letter.message()});
  }
  grid.AppendTo(out, context.color);
}

void RunLetters(Context& context, const LetterOptions& options) {
  Client client(context);
  std::vector<v1::DeadLetter> letters;
  std::uint64_t total = 0;
  v1::ListDeadLettersRequest request;
  request.set_name(options.name);
  do {
    const std::uint64_t missing = options.limit == 0 ? kPageSize : options.limit - letters.size();
    request.set_page_size(static_cast<std::uint32_t>(std::min<std::uint64_t>(missing, kPageSize)));
    v1::ListDeadLettersResponse response;
    if (Report(context, client.ListDeadLetters(request, response)) != kExitOk) return;
    letters.insert(letters.end(), response.letters().begin(), response.letters().end());
    total = response.total();
    request.set_page_token(response.next_page_token());
  } while (!request.page_token().empty() && (options.limit == 0 || letters.size() < options.limit));
  Output output(context);
  if (options.output == "json") {
    for (const v1::DeadLetter& letter : letters) AppendJson(letter, output.text());
    return;
  }
  if (letters.empty()) return Note(context, "no dead letters");
  AppendTable(letters, context, output.text());
  if (letters.size() < total) Note(context, fmt::format("{} of {} (-n 0 shows all)", letters.size(), total));
}

// False: reported.
bool Fill(Context& context, const LetterOptions& options, v1::DeadLettersRequest& request) {
  request.set_name(options.name);
  if (options.all != options.ids.empty()) {
    UsageError(context, "name the records, or give --all");
    return false;
  }
  for (const std::string& text : options.ids) {
    std::uint64_t id = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), id);
    if (error != std::errc() || end != text.data() + text.size()) {
      UsageError(context, fmt::format("{} is not the id of a record", text));
      return false;
    }
    request.add_record_ids(id);
  }
  return true;
}

void RunRetry(Context& context, const LetterOptions& options) {
  v1::DeadLettersRequest request;
  if (!Fill(context, options, request)) return;
  v1::DeadLettersResponse response;
  if (Report(context, Client(context).RetryDeadLetters(request, response)) != kExitOk) return;
  Output output(context);
  output.text() =
      fmt::format("{} delivered, {} refused again, {} gone with their record\n", FormatCount(response.done()),
                  FormatCount(response.refused()), FormatCount(response.lost()));
  if (response.refused() > 0 || !response.error().empty()) context.exit_code = kExitNegative;
  if (!response.error().empty())
    *context.err << "cisternctl: the rest was not tried: " << response.error() << '\n';
}

void RunDiscard(Context& context, const LetterOptions& options) {
  v1::DeadLettersRequest request;
  if (!Fill(context, options, request)) return;
  v1::DeadLettersResponse response;
  if (Report(context, Client(context).DiscardDeadLetters(request, response)) != kExitOk) return;
  Output output(context);
  output.text() = fmt::format("{} discarded\n", FormatCount(response.done()));
}

std::shared_ptr<LetterOptions> AddChosen(CLI::App& command) {
  auto options = std::make_shared<LetterOptions>();
  Require(AddText(command, "NAME", options->name, "", "Name of the target"));
  AddTexts(command, "ID", options->ids, "Ids of the records");
  AddFlag(command, "--all", options->all, "All of them");
  return options;
}

}  // namespace

void RegisterDeadLetters(CLI::App& targets, Context& context) {
  auto& command = AddCommand(targets, "letters", "Dead letters: records that a destination refused for good");
  AddExamples(command, "", {"targets letters list central", "targets letters retry central --all"});

  auto& list = AddCommand(command, "list", "Lists them with the reason");
  auto options = std::make_shared<LetterOptions>();
  Require(AddText(list, "NAME", options->name, "", "Name of the target"));
  AddNumber(list, "-n,--limit", options->limit, "At most N; 0: all (default 100)");
  AddOverviewOutput(list, options->output);
  AddExamples(list, "`cisternctl explain ID` shows the whole record.", {"targets letters list central"});
  OnRun(list, [&context, options] { RunLetters(context, *options); });

  auto& retry = AddCommand(command, "retry", "Delivers them again, now that the cause is gone");
  auto retried = AddChosen(retry);
  AddExamples(retry, "Exit code 1: some were refused again, or the destination did not answer.",
              {"targets letters retry central --all", "targets letters retry central 4711 4712"});
  OnRun(retry, [&context, retried] { RunRetry(context, *retried); });

  auto& discard = AddCommand(command, "discard", "Forgets them; the records stay in the store");
  auto discarded = AddChosen(discard);
  AddExamples(discard, "", {"targets letters discard central 4711"});
  OnRun(discard, [&context, discarded] { RunDiscard(context, *discarded); });
}

}  // namespace cistern::ctl
