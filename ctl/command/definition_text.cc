#include "ctl/command/definition_text.h"

#include <algorithm>
#include <cstdint>
#include <sstream>

#include "proto/yaml/printer.h"

namespace cistern::ctl {
namespace {

constexpr std::size_t kContext = 3;  // unchanged lines around a change

// Length of the longest common subsequence of before[i..] and after[j..], for all i and j.
class CommonLines {
 public:
  CommonLines(const std::vector<std::string>& before, const std::vector<std::string>& after)
      : columns_(after.size() + 1), lengths_((before.size() + 1) * columns_) {
    for (std::size_t i = before.size(); i-- > 0;) {
      for (std::size_t j = after.size(); j-- > 0;) {
        At(i, j) = before[i] == after[j] ? At(i + 1, j + 1) + 1 : std::max(At(i + 1, j), At(i, j + 1));
      }
    }
  }
  std::uint32_t& At(std::size_t i, std::size_t j) { return lengths_[i * columns_ + j]; }

 private:
  const std::size_t columns_;
  std::vector<std::uint32_t> lengths_;
};

std::vector<std::string> NearChanges(const std::vector<std::string>& lines) {
  std::vector<std::string> near;
  for (std::size_t i = 0; i < lines.size(); ++i) {
    const std::size_t first = i < kContext ? 0 : i - kContext,
                      last = std::min(lines.size(), i + kContext + 1);
    const bool is_near = std::any_of(lines.begin() + static_cast<std::ptrdiff_t>(first),
                                     lines.begin() + static_cast<std::ptrdiff_t>(last),
                                     [](const std::string& line) { return line.front() != ' '; });
    if (is_near) near.push_back(lines[i]);
  }
  return near;
}

}  // namespace

std::vector<std::string> YamlLines(const google::protobuf::Message& definition) {
  std::istringstream text(PrintYaml(definition));
  std::vector<std::string> lines;
  for (std::string line; std::getline(text, line);) lines.push_back(line);
  return lines;
}

std::vector<std::string> DiffLines(const std::vector<std::string>& before,
                                   const std::vector<std::string>& after) {
  CommonLines common(before, after);
  std::vector<std::string> lines;
  std::size_t i = 0, j = 0;
  while (i < before.size() || j < after.size()) {
    if (i < before.size() && j < after.size() && before[i] == after[j]) {
      lines.push_back("  " + before[i++]);
      ++j;
    } else if (j == after.size() || (i < before.size() && common.At(i + 1, j) >= common.At(i, j + 1))) {
      lines.push_back("- " + before[i++]);
    } else {
      lines.push_back("+ " + after[j++]);
    }
  }
  return NearChanges(lines);
}

}  // namespace cistern::ctl
