// Between records and their protobuf form, beyond what proto/convert does.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "cistern/v1/record.pb.h"
#include "ingest/message/record_batch.h"
#include "proto/convert/record.h"

namespace cistern {

// About the encoded size of the record in ToProto's form; never below it by more than a few per cent.
std::size_t ApproximateSize(const Record& record, bool include_raw);

// A record given as fields (LogService.Ingest), copied into `batch`. Empty on success, else what is wrong.
std::string FromProto(const v1::Record& in, std::int64_t received, RecordBatch& batch, Record& out);

// Its parts. What is wrong with the values that are no header fields; empty: nothing.
std::string CheckValues(const v1::Record& in);
// The fields as an RFC 5424 message; `?` for what a header field cannot hold.
std::string PrintRfc5424(const v1::Record& in);
std::string_view CopyTags(const v1::Record& in, RecordBatch& batch);
std::string_view CopyStructuredData(const v1::Record& in, RecordBatch& batch);

}  // namespace cistern
