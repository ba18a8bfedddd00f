#include "ctl/help.h"

#include <CLI/CLI.hpp>
#include <algorithm>

#include "ctl/printer/text.h"
#include "proto/yaml/suggest.h"

namespace cistern::ctl {
namespace {

constexpr std::size_t kWidth = 100;
constexpr std::size_t kNameWidth = 28;

// `name` in the left column, `text` wrapped in the right one.
std::string TwoColumns(const std::string& name, const std::string& text) {
  std::string out = "  " + name;
  if (out.size() + 1 > kNameWidth) out += '\n' + std::string(kNameWidth, ' ');
  if (out.size() < kNameWidth) out.resize(kNameWidth, ' ');
  std::size_t column = kNameWidth;
  std::istringstream words(text);
  for (std::string word; words >> word;) {
    if (column > kNameWidth && column + 1 + word.size() > kWidth) {
      out += '\n' + std::string(kNameWidth, ' ');
      column = kNameWidth;
    }
    if (column > kNameWidth) out += ' ';
    out += word;
    column += word.size() + 1;
  }
  return out + '\n';
}

class HelpFormatter : public CLI::Formatter {
 public:
  HelpFormatter() {
    label("Positionals", "Arguments");
    label("OPTIONS", "OPTIONS");
    label("SUBCOMMAND", "COMMAND");
  }

  std::string make_option(const CLI::Option* option, bool is_positional) const override {
    std::string name = make_option_name(option, is_positional);
    if (option->get_type_size() != 0 && !option->get_type_name().empty())
      name += " " + option->get_type_name();
    if (is_positional && option->get_expected_max() >= CLI::detail::expected_max_vector_size) name += "...";
    return TwoColumns(name, option->get_description());
  }

  std::string make_subcommand(const CLI::App* command) const override {
    return TwoColumns(command->get_name(), command->get_description());
  }

  std::string make_footer(const CLI::App* app) const override {
    const char* pointer =
        "Options for every command: --addr, --ca, --cert, --key, --token-file, --timeout, --quiet, --color; "
        "see\n"
        "`cisternctl --help`.\n\n";
    return (app->get_parent() != nullptr ? pointer : "") + Formatter::make_footer(app);
  }
};

std::vector<std::string> CommandNames(const CLI::App& app) {
  std::vector<std::string> names;
  for (const CLI::App* command : app.get_subcommands({})) names.push_back(command->get_name());
  return names;
}

std::vector<std::string> OptionNames(const CLI::App& app) {
  std::vector<std::string> names;
  for (const CLI::App* owner = &app; owner != nullptr; owner = owner->get_parent()) {
    for (const CLI::Option* option : owner->get_options()) {
      for (std::string name : option->get_lnames()) {
        std::replace(name.begin(), name.end(), '-', '_');  // as Suggest compares
        names.push_back(name);
      }
    }
  }
  return names;
}

// The innermost command that the line names.
const CLI::App& Innermost(const CLI::App& root) {
  const CLI::App* app = &root;
  while (!app->get_subcommands().empty()) app = app->get_subcommands().front();
  return *app;
}

std::string PathOf(const CLI::App& app) {
  return app.get_parent() == nullptr ? app.get_name() : PathOf(*app.get_parent()) + " " + app.get_name();
}

// What CLI11 could not place, said in our words.
std::string DescribeExtra(const CLI::App& app, const std::string& extra) {
  const std::string name = Visible(extra.substr(0, extra.find('=')));
  if (extra.starts_with('-') && app.get_option_no_throw(name) != nullptr) {
    return "option " + name + " belongs behind its command: " + PathOf(app) + " " + name + " ...";
  }
  if (extra.starts_with("--")) {
    std::string near = Suggest(name.substr(2), OptionNames(app));
    std::replace(near.begin(), near.end(), '_', '-');
    return "unknown option " + name + (near.empty() ? "" : "; did you mean --" + near + "?");
  }
  if (extra.starts_with('-')) {
    const bool filter = app.get_option_no_throw("FILTER") != nullptr;
    return "unknown option " + name + (filter ? "; to exclude in a filter, write NOT " + name.substr(1) : "");
  }
  if (app.get_subcommands({}).empty()) return "unexpected argument " + name;
  const std::string near = Suggest(name, CommandNames(app));
  return "unknown command " + name + (near.empty() ? "" : "; did you mean " + near + "?");
}

}  // namespace

std::shared_ptr<CLI::FormatterBase> MakeHelpFormatter() { return std::make_shared<HelpFormatter>(); }

std::string DescribeMistake(const CLI::App& root, const CLI::Error& error) {
  const CLI::App& app = Innermost(root);
  std::string text = error.what();
  const std::vector<std::string> extras = root.remaining(true);
  const auto code = static_cast<CLI::ExitCodes>(error.get_exit_code());
  const bool incomplete = code == CLI::ExitCodes::RequiredError;
  if ((incomplete || code == CLI::ExitCodes::ExtrasError) && !extras.empty()) {
    text = DescribeExtra(app, extras.front());
  } else if (incomplete && !app.get_subcommands({}).empty()) {
    text = "a command is missing";
  }
  return "cisternctl: " + text + "\nTry `" + PathOf(app) + " --help`.\n";
}

}  // namespace cistern::ctl
