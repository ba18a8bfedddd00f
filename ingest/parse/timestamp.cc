#include "ingest/parse/timestamp.h"

#include <chrono>

#include "ingest/parse/digits.h"
#include "ingest/parse/scan.h"

namespace cistern {
namespace {

constexpr std::uint8_t kDaysInMonth[] = {0, 31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};

bool IsLeapYear(int year) { return std::chrono::year(year).is_leap(); }

// Month names in lower case, found by a perfect hash of their three letters.
class MonthTable {
 public:
  constexpr MonthTable() {
    constexpr const char* kNames[] = {"jan", "feb", "mar", "apr", "may", "jun",
                                      "jul", "aug", "sep", "oct", "nov", "dec"};
    for (std::uint8_t month = 0; month < 12; ++month) {
      const std::uint32_t key = Key(kNames[month]);
      keys_[Slot(key)] = key;
      months_[Slot(key)] = static_cast<std::uint8_t>(month + 1);
    }
  }
  // 1-12 for a name in any case, else 0.
  constexpr unsigned Find(const char* p) const {
    const std::uint32_t key = Key(p) | 0x202020;
    return keys_[Slot(key)] == key ? months_[Slot(key)] : 0;
  }

 private:
  static constexpr std::uint32_t Key(const char* p) {
    auto octet = [p](int i) { return static_cast<std::uint32_t>(static_cast<unsigned char>(p[i])); };
    return octet(0) | octet(1) << 8 | octet(2) << 16;
  }
  // The factor was found by trial; no two names share a slot.
  static constexpr std::size_t Slot(std::uint32_t key) { return (key * 0x3b6fe507u) >> 28; }

  std::uint32_t keys_[16] = {};
  std::uint8_t months_[16] = {};
};
constexpr MonthTable kMonthTable;

// Notes the case of a month's name: a shape prints `Jan` and `JAN`.
void NoteCase(const char* p, Timestamp& stamp) {
  const int lower = (p[0] & 0x20) | (p[1] & 0x20) >> 1 | (p[2] & 0x20) >> 2;
  if (lower == 0) {
    stamp.form |= kFormUpperMonth;
  } else if (lower != 0x18) {
    stamp.shape = kShapeRaw;
  }
}

TimeScan SetClock(unsigned hour, unsigned minute, unsigned second, Timestamp& stamp) {
  if (hour > 23 || minute > 59 || second > 59) return TimeScan::kBad;
  stamp.second_of_day = static_cast<std::int32_t>((hour * 60 + minute) * 60 + second);
  return TimeScan::kGood;
}

// `hh:mm:ss` at p.
TimeScan ScanClock(const char* p, Timestamp& stamp) {
  static constexpr Pattern kClock("00:00:00");
  std::uint64_t pairs;
  if (!Match(p, kClock, pairs)) return TimeScan::kNone;
  return SetClock(PairAt(pairs, 0), PairAt(pairs, 3), PairAt(pairs, 6), stamp);
}

// Digits at `i`: the first nine count, the rest is cut. Returns the index behind them.
std::size_t ScanFraction(std::string_view text, std::size_t i, Timestamp& stamp) {
  static constexpr std::int32_t kScale[] = {0, 100000000, 10000000, 1000000, 100000, 10000, 1000, 100, 10, 1};
  if (i + 8 <= text.size()) {
    const std::uint64_t values = LoadWord(text.data() + i) ^ 0x3030303030303030u;
    const std::uint64_t stop = NotDigits(values);
    const int digits = std::countr_zero(stop) / 8;
    if (digits > 0 && digits < 8) {
      stamp.nanoseconds =
          static_cast<std::int32_t>(EightDigits(values << (64 - 8 * digits))) * kScale[digits];
      stamp.fraction_digits = static_cast<std::uint8_t>(digits);
      return i + static_cast<std::size_t>(digits);
    }
  }
  const std::size_t start = i;
  std::int32_t value = 0;
  for (; i < text.size() && IsDigit(text[i]); ++i) {
    if (i - start < 9) value = value * 10 + static_cast<std::int32_t>(Digit(text[i]));
  }
  const std::size_t digits = i - start;
  stamp.nanoseconds = value * kScale[digits < 9 ? digits : 9];
  stamp.fraction_digits = static_cast<std::uint8_t>(digits < 255 ? digits : 255);
  return i;
}

bool DateInRange(const Timestamp& stamp) {
  if (stamp.month < 1 || stamp.month > 12 || stamp.day < 1 || stamp.day > kDaysInMonth[stamp.month])
    return false;
  return stamp.month != 2 || stamp.day != 29 || !stamp.has_year || IsLeapYear(stamp.year);
}

enum class IsoStyle { kRfc5424, kBsd };

// The zone at `i`. Returns the index behind it; `i` when there is none; npos when it is not valid.
std::size_t ScanZone(std::string_view text, std::size_t i, IsoStyle style, Timestamp& stamp) {
  if (i == text.size()) return i;
  const char c = text[i];
  if (c == 'Z' || (c == 'z' && style == IsoStyle::kBsd)) {
    stamp.has_zone = true;
    stamp.shape = c == 'Z' ? kShape3164IsoZ : kShapeRaw;
    return i + 1;
  }
  if (c != '+' && c != '-') return i;
  const bool colon = i + 3 < text.size() && text[i + 3] == ':';
  const std::size_t size = colon ? 6 : 5;
  if (i + size > text.size() || (!colon && style == IsoStyle::kRfc5424)) return text.npos;
  unsigned hours = TwoDigits(text.data() + i + 1);
  unsigned minutes = TwoDigits(text.data() + i + size - 2);
  if (hours > 23 || minutes > 59) return text.npos;
  auto offset = static_cast<std::int16_t>(hours * 60 + minutes);
  stamp.offset_minutes = c == '-' ? static_cast<std::int16_t>(-offset) : offset;
  stamp.has_zone = true;
  const bool printable = colon && !(c == '-' && offset == 0);
  stamp.shape = printable ? kShape3164IsoOffset : kShapeRaw;
  return i + size;
}

// `yyyy-mm-ddThh:mm:ss` at the start of `text`.
TimeScan ScanIsoFields(std::string_view text, IsoStyle style, Timestamp& stamp) {
  static constexpr Pattern kYearMonth("0000-00-");
  static constexpr Pattern kDayMinute("00T00:00");
  static constexpr Pattern kDayMinuteLower("00t00:00");
  if (text.size() < 19) return TimeScan::kNone;
  const char* p = text.data();
  std::uint64_t date;
  std::uint64_t time;
  if (!Match(p, kYearMonth, date)) return TimeScan::kNone;
  if (!Match(p + 8, kDayMinute, time) && (style != IsoStyle::kBsd || !Match(p + 8, kDayMinuteLower, time))) {
    return TimeScan::kNone;
  }
  const unsigned second = TwoDigits(p + 17);
  if (p[16] != ':' || second > 99) return TimeScan::kNone;
  stamp.year = static_cast<int>(PairAt(date, 0) * 100 + PairAt(date, 2));
  stamp.has_year = true;
  stamp.month = PairAt(date, 5);
  stamp.day = PairAt(time, 0);
  return SetClock(PairAt(time, 3), PairAt(time, 6), second, stamp);
}

// `yyyy-mm-ddThh:mm:ss[.f][zone]`.
TimeScan ScanIsoTime(std::string_view text, IsoStyle style, Timestamp& stamp) {
  const TimeScan fields = ScanIsoFields(text, style, stamp);
  if (fields != TimeScan::kGood) return fields;
  std::size_t i = 19;
  if (i < text.size() && text[i] == '.') {
    i = ScanFraction(text, i + 1, stamp);
    if (stamp.fraction_digits == 0) return TimeScan::kBad;
  }
  stamp.shape = kShape3164IsoLocal;
  i = ScanZone(text, i, style, stamp);
  if (i == text.npos || !DateInRange(stamp)) return TimeScan::kBad;
  if (text[10] != 'T') stamp.shape = kShapeRaw;
  stamp.beyond_rfc = stamp.fraction_digits > 6 || !stamp.has_zone;
  stamp.size = i;
  return TimeScan::kGood;
}

bool IsYear(const char* p) {
  return ((p[0] == '1' && p[1] == '9') || (p[0] == '2' && p[1] == '0')) && IsDigit(p[2]) && IsDigit(p[3]);
}

// The day of the month at `i`, padded or not, and the space behind it. Returns the index behind that, 0 for
// none.
std::size_t ScanDay(std::string_view text, std::size_t i, Timestamp& stamp) {
  const char first = text[i];
  const bool padded = first == ' ' || (IsDigit(first) && IsDigit(text[i + 1]));
  const char last = padded ? text[i + 1] : first;
  if (!IsDigit(last) || text[i + (padded ? 2 : 1)] != ' ') return 0;
  stamp.day = (padded && first != ' ' ? Digit(first) * 10 : 0) + Digit(last);
  stamp.shape = !padded ? kShape3164BareDay : first == '0' ? kShape3164ZeroDay : kShape3164;
  return i + (padded ? 3 : 2);
}

// A year between day and time, as in `Mar 7 2008 19:06:53`.
std::size_t ScanYearBeforeTime(std::string_view text, std::size_t i, Timestamp& stamp) {
  if (i + 5 > text.size() || text[i + 4] != ' ' || !IsYear(text.data() + i)) return i;
  stamp.year = static_cast<int>(FourDigits(text.data() + i));
  stamp.has_year = true;
  stamp.form |= kFormYear;
  return i + 5;
}

// A year behind the time, as in `Apr 15 21:28:13 2007 host`.
std::size_t ScanYearAfterTime(std::string_view text, std::size_t i, Timestamp& stamp) {
  if (stamp.has_year || i + 5 > text.size() || text[i] != ' ' || !IsYear(text.data() + i + 1)) return i;
  // Not the first group of an IPv6 address: 2001:db8::1.
  std::string_view behind = text.substr(i + 5);
  if (behind.starts_with(':')) behind.remove_prefix(1);
  if (!behind.empty() && behind[0] != ' ') return i;
  stamp.year = static_cast<int>(FourDigits(text.data() + i + 1));
  stamp.has_year = true;
  stamp.shape = kShapeRaw;
  return i + 5;
}

// `Mmm dd hh:mm:ss` and its relatives, month at `start`.
TimeScan ScanMonthTime(std::string_view text, std::size_t start, Timestamp& stamp) {
  if (text.size() < start + 14) return TimeScan::kNone;
  stamp.month = kMonthTable.Find(text.data() + start);
  if (stamp.month == 0 || text[start + 3] != ' ') return TimeScan::kNone;
  std::size_t i = ScanDay(text, start + 4, stamp);
  if (i == 0) return TimeScan::kNone;
  if (!stamp.has_year) i = ScanYearBeforeTime(text, i, stamp);
  if (i + 8 > text.size()) return TimeScan::kNone;
  TimeScan clock = ScanClock(text.data() + i, stamp);
  if (clock != TimeScan::kGood) return clock;
  i += 8;
  if (i < text.size() && text[i] == '.') {
    i = ScanFraction(text, i + 1, stamp);
    if (stamp.fraction_digits == 0) stamp.shape = kShapeRaw;
  }
  i = ScanYearAfterTime(text, i, stamp);
  if (!DateInRange(stamp)) return TimeScan::kBad;
  NoteCase(text.data() + start, stamp);
  if (start != 0) stamp.shape = kShapeRaw;
  stamp.size = i;
  return TimeScan::kGood;
}

TimeScan ScanYearFirst(std::string_view text, Timestamp& stamp) {
  stamp.year = static_cast<int>(FourDigits(text.data()));
  stamp.has_year = true;
  return ScanMonthTime(text, 5, stamp);
}

}  // namespace

TimeScan ScanRfc5424Time(std::string_view text, Timestamp& stamp) {
  TimeScan scan = ScanIsoTime(text, IsoStyle::kRfc5424, stamp);
  if (scan == TimeScan::kGood && stamp.size < text.size() && text[stamp.size] != ' ') return TimeScan::kBad;
  return scan;
}

TimeScan ScanBsdTime(std::string_view text, Timestamp& stamp) {
  if (text.size() < 14) return TimeScan::kNone;
  TimeScan scan = TimeScan::kNone;
  if (!IsDigit(text[0])) {
    scan = ScanMonthTime(text, 0, stamp);
  } else if (text[4] == '-') {
    scan = ScanIsoTime(text, IsoStyle::kBsd, stamp);
  } else if (text[4] == ' ' && IsYear(text.data())) {
    scan = ScanYearFirst(text, stamp);
  }
  if (scan != TimeScan::kGood || stamp.size == text.size()) return scan;
  const char next = text[stamp.size];
  return next == ' ' || next == ':' ? scan : TimeScan::kBad;
}

}  // namespace cistern
