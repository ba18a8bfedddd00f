// What a check found, line by line, for `doctor` and `tls check`.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace cistern::ctl {

struct Diagnosis {
  enum class Level : std::uint8_t { kOk, kNote, kWarning, kWrong };
  Level level = Level::kOk;
  std::string about;   // what was looked at, such as `certificate` or `clock`
  std::string text;    // what was seen
  std::string advice;  // what to do; empty: nothing
};

// `ok       clock: ...`, with the advice on a line of its own. Everything from outside is escaped.
void AppendDiagnosisText(const Diagnosis& diagnosis, bool color, std::string& out);
// One object a line.
void AppendDiagnosisJson(const Diagnosis& diagnosis, std::string& out);
// Whether any is kWrong.
bool AnyWrong(const std::vector<Diagnosis>& found);

}  // namespace cistern::ctl
