// A record as JSON: one object a line, keys in a fixed order.
#pragma once

#include <string>

namespace google::protobuf {
template <class Element>
class RepeatedPtrField;
}  // namespace google::protobuf

namespace cistern {

class JsonWriter;
namespace v1 {
class Record;
class Tag;
}  // namespace v1

// Appends one record without a newline. Keys, in this order, absent ones left out: id received time peer port
// transport listener tls_identity facility severity hostname app_name procid msgid structured_data message
// message_base64 format flags tags. A repeated SD id, parameter or tag name becomes an array in order; the
// contract is pinned by tests/unit/proto/convert/record_json_test.cc.
void AppendRecordJson(const v1::Record& record, std::string& out);
// The same with `raw` at the end, and `raw_base64` where that is not UTF-8; both left out when the message is
// the whole of it.
void AppendExportJson(const v1::Record& record, std::string& out);
// The value of `structured_data`, and that of `tags`.
void WriteStructuredData(const v1::Record& record, JsonWriter& json);
void WriteTags(const google::protobuf::RepeatedPtrField<v1::Tag>& tags, JsonWriter& json);

}  // namespace cistern
