// Help texts and command line mistakes.
#pragma once

#include <memory>
#include <string>

namespace CLI {
class App;
class Error;
class FormatterBase;
}  // namespace CLI

namespace cistern::ctl {

// Help no wider than 100 columns: what, usage, arguments, options, commands, examples.
std::shared_ptr<CLI::FormatterBase> MakeHelpFormatter();

// The error text for a wrong command line, with what was probably meant. `root` has parsed it.
std::string DescribeMistake(const CLI::App& root, const CLI::Error& error);

}  // namespace cistern::ctl
