// Turns the octets of one message into the fields of a Record.
//
// Formats: RFC 5424 whole; RFC 3164 as the world sends it (ISO dates, years, fractions, no host, no tag, no
// PRI); everything else raw. A message is never refused for its form: what no grammar accepts has
// format = raw, message = input, and flags that say why.
//
// Cost: no allocation and no lock; fields are views into `input` (trailing CR, LF and NUL removed), which
// must outlive the record. Threads: any; there is no state.
#pragma once

#include <cstdint>
#include <string_view>

#include "ingest/message/record.h"
#include "ingest/parse/zone.h"

namespace cistern {

struct ParseContext {
  std::int64_t received = 0;   // ns since the Unix epoch: chooses the year, judges clock skew
  const Zone* zone = nullptr;  // for times without zone; null means UTC
};

// Fills time, shape, format, facility, severity, flags, header fields, structured_data, message and raw of
// `record`, and resets each of them first. Leaves id, received, peer, port, transport, listener, tls_identity
// and tags alone. Flags of the framing layer (kFlagTruncated, kFlagPartialFrame) that are already set stay.
void ParseMessage(std::string_view input, const ParseContext& context, Record& record);

// Sets kFlagClockSkew when message time and `received` are more than five minutes apart, else clears it.
void JudgeClock(std::int64_t received, Record& record);

}  // namespace cistern
