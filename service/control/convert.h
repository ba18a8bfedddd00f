// Between records and their protobuf form, beyond what proto/convert does.
#pragma once

#include <cstdint>
#include <string>

#include "cistern/v1/record.pb.h"
#include "ingest/message/record_batch.h"
#include "proto/convert/record.h"

namespace cistern {

// About the encoded size of the record in ToProto's form; never below it by more than a few per cent.
std::size_t ApproximateSize(const Record& record, bool include_raw);

// A record given as fields (LogService.Ingest), copied into `batch`. Empty on success, else what is wrong.
std::string FromProto(const v1::Record& in, std::int64_t received, RecordBatch& batch, Record& out);

}  // namespace cistern
