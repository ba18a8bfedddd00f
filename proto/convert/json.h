// JSON as client and targets write it: keys in the order given, numbers as numbers.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace google::protobuf {
class Timestamp;
}  // namespace google::protobuf

namespace cistern {

// Writes JSON to the end of a string, commas included. The caller keeps brackets balanced.
class JsonWriter {
 public:
  explicit JsonWriter(std::string& out) : out_(out) {}

  JsonWriter& BeginObject() { return Open('{'); }
  JsonWriter& EndObject() { return Close('}'); }
  JsonWriter& BeginArray() { return Open('['); }
  JsonWriter& EndArray() { return Close(']'); }
  JsonWriter& Key(std::string_view key);
  JsonWriter& String(std::string_view value);
  JsonWriter& Number(std::uint64_t value);
  JsonWriter& Bool(bool value);
  // A number or `null`, as written.
  JsonWriter& Literal(std::string_view value);
  // Nanoseconds as a decimal number of seconds: 0.050000000, -2.000000000.
  JsonWriter& Seconds(std::int64_t ns);
  // A time, RFC 3339 in UTC with nine digits.
  JsonWriter& Time(const google::protobuf::Timestamp& time);

  // The same with a key; text and 0 are left out where there is nothing to say.
  JsonWriter& OptionalString(std::string_view key, std::string_view value);

 private:
  JsonWriter& Open(char bracket);
  JsonWriter& Close(char bracket);
  void Separate();

  std::string& out_;
  bool comma_ = false;
};

}  // namespace cistern
