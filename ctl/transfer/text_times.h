// What text files leave out of their times: zone and year.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "ctl/time_range.h"
#include "ingest/parse/zone.h"

namespace cistern::ctl {

// --zone, --year and --at.
struct TextTimes {
  std::string zone = "local";  // IANA name, `local` or +hh:mm
  std::uint64_t year = 0;      // 0: see `at`
  std::string at;              // the file ends about here; empty: when it was last written, for a pipe now
};

// The same, understood; ns since the Unix epoch.
struct TimeReference {
  std::shared_ptr<const Zone> zone;
  std::int64_t year = 0;    // the middle of --year; 0: not given
  std::int64_t latest = 0;  // --at; 0: not given
  // ParseContext::received for a file written at `modified_ns` (0: none): the time whose nearest year is the
  // one asked for, or the last one in which the line can have been written.
  std::int64_t For(std::int64_t modified_ns, std::int64_t now_ns) const;
};

// The error names the option.
Result<TimeReference, TimeError> ReadTextTimes(const TextTimes& times, std::int64_t now_ns);

}  // namespace cistern::ctl
