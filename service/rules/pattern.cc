#include "service/rules/pattern.h"

#include <re2/re2.h>

namespace cistern {

Result<std::shared_ptr<const re2::RE2>, std::string> CompilePattern(std::string_view pattern) {
  using Outcome = Result<std::shared_ptr<const re2::RE2>, std::string>;
  if (pattern.size() > kLongestPattern)
    return Outcome(boost::system::in_place_error, "is longer than 1024 octets");
  re2::RE2::Options options(re2::RE2::Latin1);  // `.` matches every octet
  options.set_log_errors(false);
  options.set_max_mem(static_cast<std::int64_t>(kMostPatternMemory));
  auto compiled = std::make_shared<const re2::RE2>(re2::StringPiece(pattern.data(), pattern.size()), options);
  const bool huge = compiled->error_code() == re2::RE2::ErrorPatternTooLarge;
  if (huge || (compiled->ok() && compiled->ProgramSize() > kMostPatternSteps))
    return Outcome(boost::system::in_place_error,
                   "is too large: its program would have more than " + std::to_string(kMostPatternSteps) +
                       " steps; repeats such as {1,64} multiply, + and * do not");
  if (compiled->ok()) return Outcome(boost::system::in_place_value, std::move(compiled));
  return Outcome(boost::system::in_place_error,
                 "is not an expression that RE2 accepts: " + compiled->error());
}

std::vector<std::string> GroupNames(const re2::RE2& pattern) {
  std::vector<std::string> names;
  for (const auto& [name, index] : pattern.NamedCapturingGroups()) names.push_back(name);
  return names;
}

}  // namespace cistern
