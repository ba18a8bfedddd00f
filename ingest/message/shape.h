// Shapes: header forms that can be rebuilt octet for octet from the parsed fields, so that the store need
// not keep the text twice.
//
// Invariant, checked by property tests and the parser's fuzzer: for every input, after ParseMessage,
// `record.shape.code != kShapeRaw` implies RebuildRaw(record) == record.raw.
#pragma once

#include <string>

#include "ingest/message/record.h"

namespace cistern {

// Values are stored on disk: never renumber, only add.
enum ShapeCode : std::uint8_t {
  kShapeRaw = 0,            // cannot be rebuilt: raw is kept
  kShapeMessageOnly = 1,    // no header at all: raw == message
  // Codes from 2 on are added by shape.cc's owner; each documents the text it prints.
  kShape5424Z = 2,          // <PRI>1 2026-01-02T03:04:05[.fff]Z HOST APP PROCID MSGID SD [MSG]
  kShape5424Offset = 3,     // as above with +hh:mm / -hh:mm
  kShape5424NilTime = 4,    // as above with TIMESTAMP "-"
  kShape3164 = 5,           // <PRI>Mmm dd hh:mm:ss HOST TAG[PID]: MSG     (day padded with a space)
  kShape3164NoPid = 6,      // <PRI>Mmm dd hh:mm:ss HOST TAG: MSG
  kShapePriOnly = 7,        // <PRI>MSG
};

// Rebuilds the received octets of `record` (without trailing CR, LF, NUL) into `out`, replacing its
// content. Where record.raw is set it is copied.
void RebuildRaw(const Record& record, std::string& out);

}  // namespace cistern
