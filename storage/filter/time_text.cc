#include "storage/filter/time_text.h"

#include <chrono>

namespace cistern::filter {
namespace {

constexpr std::int64_t kSecond = 1'000'000'000;

// Reads from the front of a text.
class Reader {
 public:
  explicit Reader(std::string_view text) : rest_(text) {}
  bool at_end() const { return rest_.empty(); }

  bool Take(char c) {
    if (rest_.empty() || rest_.front() != c) return false;
    rest_.remove_prefix(1);
    return true;
  }
  bool TakeOne(std::string_view any) {
    if (rest_.empty() || any.find(rest_.front()) == std::string_view::npos) return false;
    rest_.remove_prefix(1);
    return true;
  }
  // Exactly `digits` digits, at most `max`; -1 otherwise.
  int Number(int digits, int max) {
    int value = 0;
    for (int i = 0; i < digits; ++i) {
      if (rest_.empty() || rest_.front() < '0' || rest_.front() > '9') return -1;
      value = value * 10 + (rest_.front() - '0');
      rest_.remove_prefix(1);
    }
    return value <= max ? value : -1;
  }
  // 1-9 digits as ns; -1 otherwise.
  std::int64_t Fraction() {
    std::int64_t value = 0;
    int digits = 0;
    for (; digits < 9 && !rest_.empty() && rest_.front() >= '0' && rest_.front() <= '9'; ++digits) {
      value = value * 10 + (rest_.front() - '0');
      rest_.remove_prefix(1);
    }
    if (digits == 0) return -1;
    for (; digits < 9; ++digits) value *= 10;
    return value;
  }

 private:
  std::string_view rest_;
};

// Seconds east of UTC; nothing written means UTC.
std::optional<std::int64_t> ReadZone(Reader& reader) {
  if (reader.at_end() || reader.TakeOne("Zz")) return 0;
  const bool west = reader.Take('-');
  if (!west && !reader.Take('+')) return std::nullopt;
  const int hours = reader.Number(2, 23);
  if (!reader.Take(':')) return std::nullopt;
  const int minutes = reader.Number(2, 59);
  if (hours < 0 || minutes < 0) return std::nullopt;
  const std::int64_t offset = hours * 3600 + minutes * 60;
  return west ? -offset : offset;
}

// Seconds since the epoch at the start of the day.
std::optional<std::int64_t> ReadDate(Reader& reader) {
  const int year = reader.Number(4, 2261);
  if (year < 1678 || !reader.Take('-')) return std::nullopt;
  const int month = reader.Number(2, 12);
  if (month < 1 || !reader.Take('-')) return std::nullopt;
  const int day = reader.Number(2, 31);
  const std::chrono::year_month_day date{std::chrono::year(year),
                                         std::chrono::month(static_cast<unsigned>(month)),
                                         std::chrono::day(static_cast<unsigned>(day < 0 ? 0 : day))};
  if (!date.ok()) return std::nullopt;
  return std::chrono::sys_days(date).time_since_epoch().count() * std::int64_t{86'400};
}

}  // namespace

std::optional<TimeSpan> ParseTime(std::string_view text) {
  Reader reader(text);
  const auto date = ReadDate(reader);
  if (!date) return std::nullopt;
  if (reader.at_end()) return TimeSpan{*date * kSecond, (*date + 86'400) * kSecond, false};
  if (!reader.TakeOne("Tt ")) return std::nullopt;
  const int hours = reader.Number(2, 23);
  if (hours < 0 || !reader.Take(':')) return std::nullopt;
  const int minutes = reader.Number(2, 59);
  if (minutes < 0) return std::nullopt;
  std::int64_t length = 60 * kSecond, seconds = 0, fraction = 0;
  const bool to_the_second = reader.Take(':');
  if (to_the_second) {
    length = kSecond;
    seconds = reader.Number(2, 60);
    if (seconds < 0) return std::nullopt;
    if (reader.TakeOne(".,")) {
      length = 1;
      fraction = reader.Fraction();
      if (fraction < 0) return std::nullopt;
    }
  }
  const auto zone = ReadZone(reader);
  if (!zone || !reader.at_end()) return std::nullopt;
  const std::int64_t start = (*date + hours * 3600 + minutes * 60 + seconds - *zone) * kSecond + fraction;
  return TimeSpan{start, start + length, to_the_second};
}

}  // namespace cistern::filter
