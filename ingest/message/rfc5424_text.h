// Any record as one RFC 5424 message.
#pragma once

#include <cstdint>
#include <string>

#include "ingest/message/record.h"

namespace cistern {

// Replaces `out` by the record in RFC 5424. What was received in RFC 5424 comes back octet for octet; the
// rest is rendered: times with at most six fraction digits in the zone they were written in, nil when there
// is none; header fields cut to the RFC's lengths, their octets outside printable ASCII as `?`. The message
// is never changed, so it may hold line ends.
void RenderRfc5424(const Record& record, std::string& out);

}  // namespace cistern
