#include "ctl/command/applied.h"

namespace cistern::ctl {

std::string AppliedAction(const std::string& action) {
  std::string small = action.substr(std::min(action.size(), sizeof "ACTION_" - 1));
  for (char& c : small) c = static_cast<char>(c | 0x20);
  return small;
}

std::string AppliedWord(const std::string& action, bool dry_run) {
  const std::string word = AppliedAction(action);
  return dry_run && word != "unchanged" ? "would be " + word : word;
}

void AppendDiff(const Context& context, const std::vector<std::string>& before,
                const std::vector<std::string>& after, std::string& out) {
  for (const std::string& line : DiffLines(before, after)) {
    const Paint paint = line.front() == '+' ? Paint::kGreen : Paint::kRed;
    out +=
        "    " + (line.front() == ' ' ? Visible(line) : Painted(Visible(line), paint, context.color)) + '\n';
  }
}

}  // namespace cistern::ctl
