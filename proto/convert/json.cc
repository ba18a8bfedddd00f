#include "proto/convert/json.h"

#include <fmt/format.h>

#include <charconv>

#include "proto/convert/escape.h"
#include "proto/convert/time_text.h"

namespace cistern {

JsonWriter& JsonWriter::Open(char bracket) {
  Separate();
  out_ += bracket;
  comma_ = false;
  return *this;
}

JsonWriter& JsonWriter::Close(char bracket) {
  out_ += bracket;
  comma_ = true;
  return *this;
}

void JsonWriter::Separate() {
  if (comma_) out_ += ',';
  comma_ = true;
}

JsonWriter& JsonWriter::Key(std::string_view key) {
  Separate();
  AppendJsonString(key, out_);
  out_ += ':';
  comma_ = false;
  return *this;
}

JsonWriter& JsonWriter::String(std::string_view value) {
  Separate();
  AppendJsonString(value, out_);
  return *this;
}

JsonWriter& JsonWriter::Number(std::uint64_t value) {
  Separate();
  char text[20];
  out_.append(text, std::to_chars(text, text + sizeof text, value).ptr);
  return *this;
}

JsonWriter& JsonWriter::Bool(bool value) {
  Separate();
  out_ += value ? "true" : "false";
  return *this;
}

JsonWriter& JsonWriter::Literal(std::string_view value) {
  Separate();
  out_ += value;
  return *this;
}

JsonWriter& JsonWriter::Seconds(std::int64_t ns) {
  Separate();
  const auto size = ns < 0 ? 0 - static_cast<std::uint64_t>(ns) : static_cast<std::uint64_t>(ns);
  out_ += fmt::format("{}{}.{:09}", ns < 0 ? "-" : "", size / 1'000'000'000, size % 1'000'000'000);
  return *this;
}

JsonWriter& JsonWriter::Time(const google::protobuf::Timestamp& time) {
  Separate();
  out_ += '"';
  AppendRfc3339(time, out_);
  out_ += '"';
  return *this;
}

JsonWriter& JsonWriter::OptionalString(std::string_view key, std::string_view value) {
  return value.empty() ? *this : Key(key).String(value);
}

}  // namespace cistern
