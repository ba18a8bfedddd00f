// JSON as the client prints it: one object a line, keys in a fixed order, numbers as numbers.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace google::protobuf {
class Timestamp;
template <class Element>
class RepeatedPtrField;
}  // namespace google::protobuf
namespace cistern::v1 {
class Record;
class Tag;
}  // namespace cistern::v1

namespace cistern::ctl {

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

// Appends one record without a newline. Keys, in this order, absent ones left out: id received time peer port
// transport listener tls_identity facility severity hostname app_name procid msgid structured_data message
// message_base64 format flags tags. A repeated SD id, parameter or tag name becomes an array in order; the
// contract is pinned by tests/unit/ctl/printer/json_test.cc.
void AppendRecordJson(const v1::Record& record, std::string& out);
// The same with `raw` at the end, and `raw_base64` where that is not UTF-8; both left out when the message is
// the whole of it.
void AppendExportJson(const v1::Record& record, std::string& out);
// The value of `structured_data`, and that of `tags`.
void WriteStructuredData(const v1::Record& record, JsonWriter& json);
void WriteTags(const google::protobuf::RepeatedPtrField<v1::Tag>& tags, JsonWriter& json);

}  // namespace cistern::ctl
