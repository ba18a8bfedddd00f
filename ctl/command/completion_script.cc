#include "ctl/command/completion_script.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <vector>

namespace cistern::ctl {
namespace {

struct OptionInfo {
  std::vector<std::string> names;    // with dashes; none: an argument
  std::vector<std::string> choices;  // fixed values
  std::string description;
  bool takes_value = false;
};

struct CommandInfo {
  std::string path;  // "", "/query", "/config/check"
  std::string description;
  std::vector<std::string> children;  // names
  std::vector<OptionInfo> options;    // its own and those of the commands above
};

std::vector<std::string> ChoicesOf(const std::string& type_name) {
  std::vector<std::string> choices;
  if (type_name.find('|') == std::string::npos) return choices;
  std::istringstream parts(type_name);
  for (std::string part; std::getline(parts, part, '|');) {
    // Capitals stand for something to be filled in: auto|DURATION.
    if (part.find_first_of("ABCDEFGHIJKLMNOPQRSTUVWXYZ") == std::string::npos) choices.push_back(part);
  }
  return choices;
}

OptionInfo InfoOf(const CLI::Option& option) {
  OptionInfo info{.choices = ChoicesOf(option.get_type_name()), .description = option.get_description()};
  for (const auto& name : option.get_snames()) info.names.push_back("-" + name);
  for (const auto& name : option.get_lnames()) info.names.push_back("--" + name);
  info.takes_value = option.get_type_size() != 0;
  return info;
}

void Collect(const CLI::App& app, const std::string& path, std::vector<OptionInfo> options,
             std::vector<CommandInfo>& commands) {
  const bool root = path.empty();
  for (const CLI::Option* option : app.get_options()) {
    // Each command has its own --help; --version belongs to the root alone.
    if (!root && option == app.get_help_ptr()) continue;
    options.push_back(InfoOf(*option));
  }
  const std::size_t index = commands.size();
  commands.push_back({.path = path, .description = app.get_description(), .options = options});
  for (const CLI::App* child : app.get_subcommands({})) {
    commands[index].children.push_back(child->get_name());
    Collect(*child, path + "/" + child->get_name(), options, commands);
  }
}

std::string Joined(const std::vector<std::string>& words, std::string_view separator) {
  return fmt::format("{}", fmt::join(words, separator));
}

// For single quotes of every shell; in zsh lists a colon ends the name, so descriptions lose theirs.
std::string Quoted(std::string text) {
  for (char& c : text) {
    if (c == '\'') c = '`';
    if (c == ':') c = ';';
  }
  return "'" + text + "'";
}

const CommandInfo& Child(const std::vector<CommandInfo>& commands, const CommandInfo& parent,
                         const std::string& name) {
  for (const CommandInfo& command : commands) {
    if (command.path == parent.path + "/" + name) return command;
  }
  return parent;
}

// `case` arms that follow the words of the line down the tree: `/config/check) at=/config/check;;`.
std::string PathArms(const std::vector<CommandInfo>& commands) {
  std::string arms;
  for (const CommandInfo& command : commands) {
    if (!command.path.empty()) arms += fmt::format("      {0}) at={0} ;;\n", command.path);
  }
  return arms;
}

// Arms on `COMMAND:PREVIOUS WORD` whose option has fixed values; `reply` holds {} for those.
std::string ChoiceArms(const std::vector<CommandInfo>& commands, const std::string& reply) {
  std::string arms;
  for (const CommandInfo& command : commands) {
    for (const OptionInfo& option : command.options) {
      if (option.choices.empty() || option.names.empty()) continue;
      std::vector<std::string> patterns;
      for (const std::string& name : option.names) patterns.push_back(command.path + ":" + name);
      arms += fmt::format("    {}) {} ;;\n", Joined(patterns, "|"),
                          fmt::format(fmt::runtime(reply), Joined(option.choices, " ")));
    }
  }
  return arms;
}

std::string BashScript(const std::vector<CommandInfo>& commands) {
  std::string words;
  for (const CommandInfo& command : commands) {
    std::vector<std::string> all = command.children;
    for (const OptionInfo& option : command.options) {
      const auto& add = option.names.empty() ? option.choices : option.names;
      all.insert(all.end(), add.begin(), add.end());
    }
    words += fmt::format("    \"{}\") words='{}' ;;\n", command.path, Joined(all, " "));
  }
  return fmt::format(R"(# bash completion for cisternctl: source <(cisternctl completion bash)
_cisternctl() {{
  local cur=${{COMP_WORDS[COMP_CWORD]}} prev=${{COMP_WORDS[COMP_CWORD-1]}} at= words= i
  for ((i = 1; i < COMP_CWORD; i++)); do
    case "$at/${{COMP_WORDS[i]}}" in
{0}    esac
  done
  case "$at:$prev" in
{1}  esac
  case "$at" in
{2}  esac
  COMPREPLY=($(compgen -W "$words" -- "$cur"))
}}
complete -o default -F _cisternctl cisternctl
)",
                     PathArms(commands),
                     ChoiceArms(commands, "COMPREPLY=($(compgen -W '{}' -- \"$cur\")); return"), words);
}

std::string ZshScript(const std::vector<CommandInfo>& commands) {
  std::string lists;
  for (const CommandInfo& command : commands) {
    std::vector<std::string> names, options;
    for (const auto& child : command.children) {
      names.push_back(Quoted(child) + ":" + Quoted(Child(commands, command, child).description));
    }
    for (const OptionInfo& option : command.options) {
      for (const auto& name : option.names)
        options.push_back(Quoted(name) + ":" + Quoted(option.description));
      if (option.names.empty()) names.insert(names.end(), option.choices.begin(), option.choices.end());
    }
    lists += fmt::format("    \"{}\")\n      names=({})\n      options=({}) ;;\n", command.path,
                         Joined(names, " "), Joined(options, " "));
  }
  return fmt::format(R"(#compdef cisternctl
# zsh completion for cisternctl: source <(cisternctl completion zsh)
_cisternctl() {{
  local at= word
  local -a names options
  for word in "${{(@)words[2,CURRENT-1]}}"; do
    case "$at/$word" in
{0}    esac
  done
  case "$at:${{words[CURRENT-1]}}" in
{1}  esac
  case "$at" in
{2}  esac
  if [[ $PREFIX == -* ]]; then
    _describe -o option options
  elif (( $#names )); then
    _describe command names
  else
    _files
  fi
}}
if [[ $zsh_eval_context[-1] == loadautofunc ]]; then
  _cisternctl "$@"
else
  compdef _cisternctl cisternctl
fi
)",
                     PathArms(commands), ChoiceArms(commands, "compadd -- {}; return"), lists);
}

std::string FishOption(const std::string& path, const OptionInfo& option) {
  std::string line = fmt::format("complete -c cisternctl -n '__cisternctl_at \"{}\"'", path);
  for (const std::string& name : option.names) {
    line += name.starts_with("--") ? " -l " + name.substr(2) : " -s " + name.substr(1);
  }
  if (option.takes_value && !option.names.empty()) line += option.choices.empty() ? " -r" : " -x";
  if (!option.choices.empty()) line += fmt::format(" -a '{}'", Joined(option.choices, " "));
  return line + " -d " + Quoted(option.description) + "\n";
}

std::string FishScript(const std::vector<CommandInfo>& commands) {
  std::string arms, lines;
  for (const CommandInfo& command : commands) {
    if (!command.path.empty()) arms += fmt::format("      case '{0}'\n        set at {0}\n", command.path);
    for (const auto& child : command.children) {
      lines += fmt::format("complete -c cisternctl -f -n '__cisternctl_at \"{}\"' -a {} -d {}\n",
                           command.path, child, Quoted(Child(commands, command, child).description));
    }
    for (const OptionInfo& option : command.options) {
      if (!option.names.empty() || !option.choices.empty()) lines += FishOption(command.path, option);
    }
  }
  return fmt::format(R"(# fish completion for cisternctl: cisternctl completion fish | source
function __cisternctl_at
  set -l at ''
  for word in (commandline -opc)[2..-1]
    switch "$at/$word"
{0}    end
  end
  test "$at" = "$argv[1]"
end
{1})",
                     arms, lines);
}

}  // namespace

std::string CompletionScript(const CLI::App& root, std::string_view shell) {
  std::vector<CommandInfo> commands;
  Collect(root, "", {}, commands);
  if (shell == "zsh") return ZshScript(commands);
  if (shell == "fish") return FishScript(commands);
  return BashScript(commands);
}

}  // namespace cistern::ctl
