#include "service/forward/clock_text.h"

#include <chrono>

namespace cistern {
namespace {

constexpr std::int64_t kSecond = 1'000'000'000;
constexpr std::size_t kIsoSize = 19, kBsdSize = 15;
constexpr char kMonths[] = "JanFebMarAprMayJunJulAugSepOctNovDec";

std::int64_t FloorSecond(std::int64_t ns) { return ns / kSecond - (ns % kSecond < 0); }

void Put2(char* out, unsigned value, char pad = '0') {
  out[0] = value < 10 ? pad : static_cast<char>('0' + value / 10);
  out[1] = static_cast<char>('0' + value % 10);
}

std::chrono::year_month_day DateOf(std::int64_t second) {
  const std::chrono::sys_seconds time{std::chrono::seconds(second)};
  return std::chrono::floor<std::chrono::days>(time);
}

void PutClock(char* out, std::int64_t second) {
  const auto of_day = static_cast<unsigned>(((second % 86400) + 86400) % 86400);
  Put2(out, of_day / 3600);
  out[2] = ':';
  Put2(out + 3, of_day / 60 % 60);
  out[5] = ':';
  Put2(out + 6, of_day % 60);
}

}  // namespace

void ClockText::AppendIso(std::int64_t ns, int digits, int offset_minutes, std::string& out) {
  const std::int64_t second = FloorSecond(ns) + offset_minutes * 60;
  if (iso_.second != second) {
    const auto date = DateOf(second);
    const auto year = static_cast<unsigned>(static_cast<int>(date.year()));
    char* text = iso_.text;
    Put2(text, year / 100);
    Put2(text + 2, year % 100);
    text[4] = text[7] = '-';
    Put2(text + 5, static_cast<unsigned>(date.month()));
    Put2(text + 8, static_cast<unsigned>(date.day()));
    text[10] = 'T';
    PutClock(text + 11, second);
    iso_.second = second;
  }
  out.append(iso_.text, kIsoSize);
  if (digits > 0) {
    char fraction[10] = {'.'};
    auto rest = static_cast<unsigned>((ns % kSecond + kSecond) % kSecond);
    for (int i = 9; i > 0; --i, rest /= 10) fraction[i] = static_cast<char>('0' + rest % 10);
    out.append(fraction, static_cast<std::size_t>(digits) + 1);
  }
  if (offset_minutes == 0) return out.push_back('Z');
  const auto distance = static_cast<unsigned>(offset_minutes < 0 ? -offset_minutes : offset_minutes);
  char zone[6] = {offset_minutes < 0 ? '-' : '+', 0, 0, ':'};
  Put2(zone + 1, distance / 60);
  Put2(zone + 4, distance % 60);
  out.append(zone, sizeof zone);
}

void ClockText::AppendBsd(std::int64_t ns, std::string& out) {
  const std::int64_t second = FloorSecond(ns);
  if (bsd_.second != second) {
    const auto date = DateOf(second);
    char* text = bsd_.text;
    const char* month = kMonths + 3 * (static_cast<unsigned>(date.month()) - 1);
    for (int i = 0; i < 3; ++i) text[i] = month[i];
    text[3] = text[6] = ' ';
    Put2(text + 4, static_cast<unsigned>(date.day()), ' ');
    PutClock(text + 7, second);
    bsd_.second = second;
  }
  out.append(bsd_.text, kBsdSize);
}

}  // namespace cistern
