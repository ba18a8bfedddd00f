#include <CLI/CLI.hpp>

#include "ctl/command/completion_script.h"
#include "ctl/command/options.h"

namespace cistern::ctl {

void RegisterCompletion(CLI::App& root, Context& context) {
  auto* command = root.add_subcommand("completion", "Prints a completion script for a shell");
  auto shell = std::make_shared<std::string>();
  AddChoice(*command, "SHELL", *shell, "bash|zsh|fish", "Which shell")->required();
  AddExamples(*command, "",
              {"completion bash > ~/.local/share/bash-completion/completions/cisternctl",
               "completion zsh > ~/.zfunc/_cisternctl", "completion fish | source"});
  command->callback([&root, &context, shell] { Output(context).text() = CompletionScript(root, *shell); });
}

}  // namespace cistern::ctl
