// One value of a protobuf field, from and to the text that stands in YAML, an environment variable or a flag.
//
// The schema decides the type, never the look of the text: `name: 123` and `name: no` are texts, and "1024"
// in quotes is a number where a number belongs. The options of config.proto (unit, range, allowed texts) are
// obeyed.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace google::protobuf {
class FieldDescriptor;
class Message;
}  // namespace google::protobuf

namespace cistern {

// Why a text was refused.
struct ScalarProblem {
  ScalarProblem() = default;
  ScalarProblem(std::string message, std::string suggestion)
      : message(std::move(message)), suggestion(std::move(suggestion)) {}
  std::string message;
  std::string suggestion;  // may be empty
};

inline constexpr int kNoIndex = -1;  // the field is not a list

// Sets the field, or entry `index` of a list (an index equal to its size appends). Relative paths resolve
// against `folder`; empty: the working directory. On a problem the message is unchanged.
std::optional<ScalarProblem> SetScalar(google::protobuf::Message& message,
                                       const google::protobuf::FieldDescriptor& field, int index,
                                       std::string_view text, const std::string& folder);

// The text that SetScalar turns back into the same value.
std::string FormatScalar(const google::protobuf::Message& message,
                         const google::protobuf::FieldDescriptor& field, int index);

// `text` for an error message: cut at 60 octets, control characters escaped.
std::string Printable(std::string_view text);
// Likewise, in double quotes.
std::string Quoted(std::string_view text);

// `a, b or c`.
std::string JoinNames(const std::vector<std::string>& names);

}  // namespace cistern
