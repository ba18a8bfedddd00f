// From a timestamp as written to an instant: year, zone, clock skew.
#include <chrono>
#include <cstdlib>
#include <limits>

#include "ingest/parse/timestamp.h"

namespace cistern {
namespace {

constexpr std::int64_t kNanosPerSecond = 1'000'000'000;
constexpr std::int64_t kSecondsPerDay = 86'400;
constexpr std::int64_t kClockSkewNanos = 300 * kNanosPerSecond;
constexpr std::int64_t kHalfYearSeconds = 182 * kSecondsPerDay;
// Whole years whose every instant fits int64 nanoseconds, whatever the offset.
constexpr int kFirstYear = 1678;
constexpr int kLastYear = 2261;

// Days since the epoch.
std::int64_t DaysFromCivil(int year, unsigned month, unsigned day) {
  using namespace std::chrono;
  return sys_days(std::chrono::year(year) / static_cast<int>(month) / static_cast<int>(day))
      .time_since_epoch()
      .count();
}

std::int64_t LocalSeconds(const Timestamp& stamp, int year) {
  return DaysFromCivil(year, stamp.month, stamp.day) * kSecondsPerDay + stamp.second_of_day;
}

int YearOf(std::int64_t seconds) {
  using namespace std::chrono;
  return static_cast<int>(year_month_day(sys_days(days(floor<days>(std::chrono::seconds(seconds))))).year());
}

// The year that puts the time nearest to `received` (both in seconds of the sender's clock).
int NearestYear(const Timestamp& stamp, std::int64_t received) {
  const int year = YearOf(received);
  const bool leap_day = stamp.month == 2 && stamp.day == 29;
  if (!leap_day && std::abs(LocalSeconds(stamp, year) - received) <= kHalfYearSeconds) return year;
  const int reach = leap_day ? 8 : 1;  // 1896 and 1904 are eight years apart
  int best = 0;
  std::int64_t best_distance = std::numeric_limits<std::int64_t>::max();
  for (int candidate = year - reach; candidate <= year + reach; ++candidate) {
    if (leap_day && !std::chrono::year(candidate).is_leap()) continue;
    std::int64_t distance = std::abs(LocalSeconds(stamp, candidate) - received);
    if (distance >= best_distance) continue;
    best = candidate;
    best_distance = distance;
  }
  return best;
}

}  // namespace

void ApplyTime(const Timestamp& stamp, const ParseContext& context, Record& record) {
  if (stamp.has_year && (stamp.year < kFirstYear || stamp.year > kLastYear)) {
    record.flags |= kFlagBadTimestamp;
    record.shape.code = kShapeRaw;
    return;
  }
  const std::int64_t received_seconds = context.received / kNanosPerSecond;
  int year = stamp.year;
  if (!stamp.has_year) {
    year = NearestYear(stamp, received_seconds);
    record.flags |= kFlagYearInferred;
  }
  const std::int64_t local = LocalSeconds(stamp, year);
  std::int32_t offset = stamp.offset_minutes * 60;
  if (!stamp.has_zone) {
    offset = context.zone == nullptr ? 0 : context.zone->OffsetSeconds(local);
    record.flags |= kFlagZoneInferred;
  }
  record.time = (local - offset) * kNanosPerSecond + stamp.nanoseconds;
  JudgeClock(context.received, record);
  record.shape.fraction_digits = stamp.fraction_digits;
  record.shape.utc_offset_minutes = static_cast<std::int16_t>(offset / 60);
  if (offset % 60 != 0 || stamp.fraction_digits > 9) record.shape.code = kShapeRaw;
}

void JudgeClock(std::int64_t received, Record& record) {
  // Their difference may not fit 64 bits.
  const bool skewed = record.time != kNoTime &&
                      (record.time > received + kClockSkewNanos || record.time < received - kClockSkewNanos);
  record.flags = (record.flags & ~std::uint32_t{kFlagClockSkew}) | (skewed ? kFlagClockSkew : 0u);
}

}  // namespace cistern
