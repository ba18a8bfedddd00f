// Records of imported and relayed batches (IngestRequest): as they were when they were first received.
#pragma once

#include <cstdint>
#include <string>

#include "cistern/v1/record.pb.h"
#include "ingest/message/record_batch.h"

namespace cistern {

// A record given as fields, copied into `batch`. Original octets are read again, so shape and flags are those
// of a received message; times, peer, transport, listener, identity and tags are as given. Without octets
// they are rendered from the fields. `now` bounds the received time and stands in for a missing one. Empty on
// success, else what is wrong.
std::string ImportRecord(const v1::Record& in, std::int64_t now, RecordBatch& batch, Record& out);

// A record that another Cistern received first: the same, but received `now`, and no import. It must carry
// its octets. Empty on success, else what is wrong.
std::string RelayedRecord(const v1::Record& in, std::int64_t now, RecordBatch& batch, Record& out);

// ImportRecord for a message that was just parsed: received at its message time.
void MarkImported(std::int64_t now, Record& out);

}  // namespace cistern
