// Records that the daemon makes: of transport internal, in RFC 5424.
#pragma once

#include <string_view>

#include "ingest/message/record_batch.h"

namespace cistern {

// A record with the header fields, `time`, `received` and message of `model`, and encoded `tags`; all texts
// are copied into `arena`. Header fields are made fit for RFC 5424.
Record MakeInternalRecord(const Record& model, std::string_view tags, Arena& arena);

}  // namespace cistern
