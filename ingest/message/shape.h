// Shapes: header forms that can be rebuilt octet for octet from the parsed fields, so that the store need
// not keep the text twice.
//
// Invariant, checked by property tests and the parser's fuzzer: for every input, after ParseMessage,
// `record.shape.code != kShapeRaw` implies RebuildRaw(record) == record.raw.
#pragma once

#include <string>

#include "ingest/message/record.h"

namespace cistern {

// Values are stored on disk: never renumber, only add. In the RFC 5424 shapes an empty field prints as "-",
// and kFlagBom prints a byte order mark before MSG. `<PRI>` is left out with kFormNoPri.
enum ShapeCode : std::uint8_t {
  kShapeRaw = 0,          // cannot be rebuilt: raw is kept
  kShapeMessageOnly = 1,  // no header at all: raw == message
  kShape5424Z = 2,        // <PRI>1 2026-01-02T03:04:05[.fff]Z HOST APP PROCID MSGID SD[ MSG]
  kShape5424Offset = 3,   // as above with +hh:mm or -hh:mm
  kShape5424NilTime = 4,  // as above with TIMESTAMP "-"
  // The BSD shapes are <PRI>[ ]TIME[.fff][:][ ][HOST][ ][TAG][[PID]][:][ ]MSG, the optional parts as form
  // says. TIME:
  kShape3164 = 5,            // Mmm dd hh:mm:ss, day padded with a space
  kShape3164ZeroDay = 6,     // Mmm dd hh:mm:ss, day padded with a zero
  kShapePriOnly = 7,         // <PRI>[ ]MSG
  kShape3164BareDay = 8,     // Mmm d hh:mm:ss, day below 10 and not padded
  kShape3164IsoZ = 9,        // 2026-01-02T03:04:05[.fff]Z
  kShape3164IsoOffset = 10,  // 2026-01-02T03:04:05[.fff]+hh:mm
  kShape3164IsoLocal = 11,   // 2026-01-02T03:04:05[.fff]
  kShapeUntimedTag = 12,     // <PRI>[ ]TAG[[PID]][:][ ]MSG
};

// Bits of Shape::form. Values are stored on disk: never renumber, only add.
enum ShapeForm : std::uint16_t {
  kFormNoPri = 1u << 0,           // <PRI> was not written
  kFormSpaceAfterPri = 1u << 1,   // BSD: one space between <PRI> and what follows
  kFormMessage = 1u << 2,         // RFC 5424: the space before MSG was written
  kFormColonAfterTime = 1u << 3,  // BSD, as are all below
  kFormSpaceAfterTime = 1u << 4,
  kFormHost = 1u << 5,  // HOST
  kFormSpaceAfterHost = 1u << 6,
  kFormPid = 1u << 7,  // [PID]
  kFormColonAfterTag = 1u << 8,
  kFormSpaceAfterTag = 1u << 9,
  kFormShortHeader = 1u << 10,  // RFC 5424 shapes: MSG follows HOST
  kFormYear = 1u << 11,         // BSD: Mmm dd yyyy hh:mm:ss
  kFormUpperMonth = 1u << 12,   // BSD: MMM
};

// Rebuilds the received octets of `record` (without trailing CR, LF, NUL) into `out`, replacing its
// content. Where record.raw is set it is copied.
void RebuildRaw(const Record& record, std::string& out);
// Likewise, behind what `out` holds.
void AppendRaw(const Record& record, std::string& out);

}  // namespace cistern
