// Messages of BSD syslog (RFC 3164), as the world sends them.
#pragma once

#include <string_view>

#include "ingest/message/record.h"
#include "ingest/parse/parser.h"

namespace cistern {

// Parses `text`, which follows PRI or is the whole input when `has_pri` is false, into hostname, app_name,
// procid, message, time, shape and flags of `record`. With a PRI everything is acceptable; without one a
// recognisable header is asked for, and false is returned when there is none.
bool ParseRfc3164(std::string_view text, bool has_pri, const ParseContext& context, Record& record);

}  // namespace cistern
