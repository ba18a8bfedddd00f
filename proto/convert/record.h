// Records and times in their protobuf form.
#pragma once

#include <google/protobuf/duration.pb.h>
#include <google/protobuf/timestamp.pb.h>

#include <cstdint>

#include "cistern/v1/record.pb.h"
#include "ingest/message/record.h"

namespace cistern {

void ToProto(std::int64_t ns, google::protobuf::Timestamp* out);
void ToProto(std::int64_t ns, google::protobuf::Duration* out);
// Saturates at the ends of the int64 range of nanoseconds (years 1677 to 2262).
std::int64_t FromProto(const google::protobuf::Timestamp& in);
std::int64_t FromProto(const google::protobuf::Duration& in);

v1::Transport ToProto(Transport transport);
v1::Format ToProto(Format format);

// Fills `out`. Raw is sent with `include_raw`, and for records that are not UTF-8.
void ToProto(const Record& record, bool include_raw, v1::Record* out);

}  // namespace cistern
