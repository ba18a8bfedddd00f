// Records on their way to another Cistern, with everything that this one knows of them.
#pragma once

#include <string>
#include <string_view>

#include "cistern/v1/record.pb.h"
#include "ingest/message/record.h"

namespace cistern {

// Tags of a relayed record that say where it was stored first: the id of that store, and the record's id
// there.
inline constexpr std::string_view kStoreTag = "cistern.store";
inline constexpr std::string_view kIdTag = "cistern.id";

// Replaces `out` by the form that IngestRequest.relayed asks for. The tags above are added to records that do
// not have them yet. `scratch` is overwritten.
void ToRelayed(const Record& record, const std::string& store_id, std::string& scratch, v1::Record& out);

}  // namespace cistern
