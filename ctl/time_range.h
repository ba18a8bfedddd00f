// Times as people type them. Pure functions: the present and the local zone are arguments.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "absl/time/time.h"
#include "ingest/message/result.h"

namespace cistern::ctl {

// Why a time is not understood: a sentence for the user.
struct TimeError {
  std::string message;
};

// `1h30m`, `7d`, `2w`, `500ms`; units ns us ms s m h d w; decimals (`1.5h`) are fine; a plain number counts
// seconds. Nanoseconds, never negative.
Result<std::int64_t, TimeError> ParseSpan(std::string_view text);

// Nanoseconds since the Unix epoch of any of:
//   now, today, yesterday           midnight in `zone` for the days
//   1h, 90s, 1h30m ago              a span before `now`
//   2026-11-20T10:00:00.5Z          RFC 3339; a space instead of T is fine
//   2026-11-20 10:00[:00[.5]]       without zone: in `zone`
//   2026-11-20                      midnight in `zone`
//   10:00[:00]                      today in `zone`
//   1763632800[.5]                  Unix time in seconds, or 13, 16, 19 digits: ms, us, ns; a leading @ is
//   fine
Result<std::int64_t, TimeError> ParseInstant(std::string_view text, absl::Time now, absl::TimeZone zone);

// Inclusive lower and exclusive upper bound, ns since the Unix epoch.
struct TimeRange {
  std::optional<std::int64_t> from;
  std::optional<std::int64_t> to;
};

// The values of --since, --from and --to; empty texts are not given. An error names the option.
Result<TimeRange, TimeError> ParseTimeRange(std::string_view since, std::string_view from,
                                            std::string_view to, absl::Time now, absl::TimeZone zone);

}  // namespace cistern::ctl
