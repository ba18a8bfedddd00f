#include "ctl/time_range.h"

#include <fmt/format.h>

#include <array>
#include <charconv>
#include <cmath>

namespace cistern::ctl {
namespace {

using Instant = std::optional<std::int64_t>;

struct Unit {
  std::string_view name;
  std::int64_t ns;
};
constexpr std::int64_t kSecond = 1'000'000'000;
constexpr std::array<Unit, 8> kUnits = {{{"w", 604800 * kSecond},
                                         {"d", 86400 * kSecond},
                                         {"h", 3600 * kSecond},
                                         {"m", 60 * kSecond},
                                         {"s", kSecond},
                                         {"ms", 1'000'000},
                                         {"us", 1'000},
                                         {"ns", 1}}};
constexpr double kMaxSpan = 9e18;

constexpr bool IsDigit(char c) { return c >= '0' && c <= '9'; }
constexpr bool IsSmallLetter(char c) { return c >= 'a' && c <= 'z'; }

std::string_view Trim(std::string_view text) {
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
  return text;
}

std::optional<std::int64_t> UnitOf(std::string_view name) {
  for (const Unit& unit : kUnits) {
    if (unit.name == name) return unit.ns;
  }
  return std::nullopt;
}

bool AllDigits(std::string_view text) {
  for (const char c : text) {
    if (!IsDigit(c)) return false;
  }
  return !text.empty();
}

TimeError NotATime(std::string_view text) {
  return {
      fmt::format("\"{}\" is not a time; write 1h, 2026-11-20T10:00:00Z, \"2026-11-20 10:00\", 10:00, "
                  "yesterday or Unix seconds",
                  text)};
}

Instant ToNs(absl::Time time) {
  const std::int64_t ns = absl::ToUnixNanos(time);
  if (absl::FromUnixNanos(ns) != time || time == absl::InfiniteFuture()) return std::nullopt;
  return ns;
}

// Unix time by its number of digits: seconds (9 or 10), ms, us or ns.
Instant ParseUnix(std::string_view text) {
  if (text.starts_with('@')) text.remove_prefix(1);
  const auto dot = text.find('.');
  const std::string_view whole = text.substr(0, dot);
  if (!AllDigits(whole)) return std::nullopt;
  std::int64_t number = 0;
  if (std::from_chars(whole.data(), whole.data() + whole.size(), number).ec != std::errc())
    return std::nullopt;
  if (dot == std::string_view::npos) {
    if (whole.size() == 19) return number;
    if (whole.size() == 16) return number * 1'000;
    if (whole.size() == 13) return number * 1'000'000;
  }
  if (whole.size() != 9 && whole.size() != 10) return std::nullopt;
  std::string fraction(dot == std::string_view::npos ? "0" : text.substr(dot + 1));
  if (!AllDigits(fraction)) return std::nullopt;
  fraction.resize(9, '0');
  return number * kSecond + std::stoll(fraction);
}

Instant ParseDay(std::string_view text, absl::Time now, absl::TimeZone zone) {
  const absl::CivilDay today(zone.At(now).cs);
  if (text == "now") return ToNs(now);
  if (text == "today") return ToNs(absl::FromCivil(today, zone));
  if (text == "yesterday") return ToNs(absl::FromCivil(today - 1, zone));
  return std::nullopt;
}

Instant ParseClock(std::string_view text, absl::Time now, absl::TimeZone zone) {
  const auto today = absl::FormatTime("%Y-%m-%d ", now, zone);
  absl::Time time;
  std::string error;
  for (const char* format : {"%Y-%m-%d %H:%M:%E*S", "%Y-%m-%d %H:%M"}) {
    if (absl::ParseTime(format, today + std::string(text), zone, &time, &error)) return ToNs(time);
  }
  return std::nullopt;
}

Instant ParseCalendar(std::string_view text, absl::TimeZone zone) {
  std::string whole(text);
  if (whole.size() > 10 && (whole[10] == ' ' || whole[10] == 't')) whole[10] = 'T';
  if (whole.ends_with('z')) whole.back() = 'Z';
  absl::Time time;
  std::string error;
  for (const char* format :
       {"%Y-%m-%dT%H:%M:%E*S%Ez", "%Y-%m-%dT%H:%M%Ez", "%Y-%m-%dT%H:%M:%E*S", "%Y-%m-%dT%H:%M", "%Y-%m-%d"}) {
    if (absl::ParseTime(format, whole, zone, &time, &error)) return ToNs(time);
  }
  return std::nullopt;
}

}  // namespace

Result<std::int64_t, TimeError> ParseSpan(std::string_view text) {
  const TimeError error{fmt::format("\"{}\" is not a duration; write for example 90s, 1h30m or 7d", text)};
  double total = 0;
  std::string_view rest = text;
  if (rest.empty()) return error;
  while (!rest.empty()) {
    double number = 0;
    const auto [end, code] =
        std::from_chars(rest.data(), rest.data() + rest.size(), number, std::chars_format::fixed);
    if (code != std::errc() || !IsDigit(rest[0])) return error;
    const bool first = rest.data() == text.data();
    rest.remove_prefix(static_cast<std::size_t>(end - rest.data()));
    std::size_t length = 0;
    while (length < rest.size() && IsSmallLetter(rest[length])) ++length;
    const auto unit = length == 0 && first && rest.empty() ? kSecond : UnitOf(rest.substr(0, length));
    if (!unit) return error;
    rest.remove_prefix(length);
    total += number * static_cast<double>(*unit);
  }
  if (!(total <= kMaxSpan)) return TimeError{fmt::format("\"{}\" is too long a duration", text)};
  return static_cast<std::int64_t>(std::llround(total));
}

Result<std::int64_t, TimeError> ParseInstant(std::string_view text, absl::Time now, absl::TimeZone zone) {
  const std::string_view trimmed = Trim(text);
  if (const auto at = ParseDay(trimmed, now, zone)) return *at;
  if (const auto at = ParseUnix(trimmed)) return *at;
  if (const auto at = ParseCalendar(trimmed, zone)) return *at;
  if (const auto at = ParseClock(trimmed, now, zone)) return *at;
  // A plain number is Unix time or a mistake, never a span: nobody means "5 seconds ago" by `--from 5`.
  std::string_view span_text = trimmed;
  if (span_text.ends_with(" ago")) span_text = Trim(span_text.substr(0, span_text.size() - 4));
  if (!AllDigits(span_text)) {
    if (const auto span = ParseSpan(span_text)) {
      if (const auto at = ToNs(now - absl::Nanoseconds(*span))) return *at;
    }
  }
  return NotATime(text);
}

Result<TimeRange, TimeError> ParseTimeRange(std::string_view since, std::string_view from,
                                            std::string_view to, absl::Time now, absl::TimeZone zone) {
  if (!since.empty() && !from.empty()) return TimeError{"--since and --from mean the same: give one of them"};
  TimeRange range;
  const auto read = [&](std::string_view name, std::string_view text, std::optional<std::int64_t>& bound) {
    if (text.empty()) return std::string();
    const auto at = ParseInstant(text, now, zone);
    if (!at) return fmt::format("{}: {}", name, at.error().message);
    bound = *at;
    return std::string();
  };
  for (const auto& message :
       {read("--since", since, range.from), read("--from", from, range.from), read("--to", to, range.to)}) {
    if (!message.empty()) return TimeError{message};
  }
  if (range.from && range.to && *range.from >= *range.to) {
    return TimeError{"the range is empty: --to must be later than --from"};
  }
  return range;
}

}  // namespace cistern::ctl
