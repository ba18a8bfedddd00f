// What Cisco devices write between PRI and `%FACILITY-SEVERITY-MNEMONIC:`.
#pragma once

#include <string_view>

#include "ingest/parse/payload_start.h"
#include "ingest/parse/timestamp.h"

namespace cistern {

struct CiscoHeader {
  std::string_view origin;  // host name or origin id; empty when absent
  bool has_time = false;
  Timestamp time;
};

// True when `text` is a mnemonic behind any of: sequence numbers `n:`, an origin `name:`, a timestamp with a
// leading `*` or `.`, a zone name, an uptime, an IOS XR node id or process. No time is taken from an uptime.
bool ScanCiscoHeader(std::string_view text, CiscoHeader& header);

// A zone name and colon (`UTC:`) at the start of `text`, as IOS writes after a time; returns its octets
// without the colon, 0 when there is none. GMT and UTC give the time its zone; other names mean nothing
// world-wide.
std::size_t ScanCiscoZone(std::string_view text, Timestamp& stamp);

}  // namespace cistern
