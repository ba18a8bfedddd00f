// Times as users write and read them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace cistern::filter {

// The ns from `start` up to, not including, `end` that a written time stands for.
struct TimeSpan {
  std::int64_t start = 0, end = 0;
  bool to_the_second = false;  // seconds were written
};

// `2026-11-20` (the day), `2026-11-20T10:00` (the minute), `2026-11-20T10:00:00` (the second), with 1-9
// fraction digits (the instant); all but the first with `Z` or an offset like `+01:00` behind, else UTC. A
// blank may stand for the `T`. Nothing: not a time, or outside the years 1678 to 2261.
std::optional<TimeSpan> ParseTime(std::string_view text);

}  // namespace cistern::filter
