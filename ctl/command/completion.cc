
#include "ctl/command/completion_script.h"
#include "ctl/command/options.h"

namespace cistern::ctl {

void RegisterCompletion(CLI::App& root, Context& context) {
  auto& command = AddCommand(root, "completion", "Prints a completion script for a shell");
  auto shell = std::make_shared<std::string>();
  Require(AddChoice(command, "SHELL", *shell, "bash|zsh|fish", "Which shell"));
  AddExamples(command, "",
              {"completion bash > ~/.local/share/bash-completion/completions/cisternctl",
               "completion zsh > ~/.zfunc/_cisternctl", "completion fish | source"});
  OnRun(command, [&root, &context, shell] { Output(context).text() = CompletionScript(root, *shell); });
}

}  // namespace cistern::ctl
