#include "ctl/transfer/text_times.h"

#include "ctl/printer/text.h"

namespace cistern::ctl {
namespace {

// A day less, for clocks that are fast.
constexpr std::int64_t kHalfYear = 181 * std::int64_t{86'400'000'000'000};

}  // namespace

std::int64_t TimeReference::For(std::int64_t modified_ns, std::int64_t now_ns) const {
  if (year != 0) return year;
  const std::int64_t written = latest != 0 ? latest : modified_ns != 0 ? modified_ns : now_ns;
  return written - kHalfYear;
}

Result<TimeReference, TimeError> ReadTextTimes(const TextTimes& times, std::int64_t now_ns) {
  TimeReference reference;
  const auto zone = LoadZone(times.zone);
  if (!zone) return TimeError{"--zone: \"" + Visible(times.zone) + "\" is not a time zone known here"};
  reference.zone = *zone;
  if (times.year != 0) {
    // Half a year from both ends: the nearest year is this one for each of its days.
    const auto middle = absl::CivilSecond(static_cast<std::int64_t>(times.year), 7, 2, 12);
    reference.year = absl::ToUnixNanos(absl::FromCivil(middle, absl::UTCTimeZone()));
  } else if (!times.at.empty()) {
    const auto at = ParseInstant(times.at, absl::FromUnixNanos(now_ns), absl::LocalTimeZone());
    if (!at) return TimeError{"--at: " + at.error().message};
    reference.latest = *at;
  }
  return reference;
}

}  // namespace cistern::ctl
