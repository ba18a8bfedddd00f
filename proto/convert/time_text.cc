#include "proto/convert/time_text.h"

#include <google/protobuf/timestamp.pb.h>

#include <chrono>

namespace cistern {
namespace {

constexpr std::int64_t kSecond = 1'000'000'000;

void AppendDigits(std::uint64_t number, int digits, std::string& out) {
  char text[20];
  for (int i = digits - 1; i >= 0; --i) {
    text[i] = static_cast<char>('0' + number % 10);
    number /= 10;
  }
  out.append(text, static_cast<std::size_t>(digits));
}

void AppendUtc(std::int64_t seconds, std::int64_t nanos, std::string& out) {
  using namespace std::chrono;
  const sys_seconds time{std::chrono::seconds(seconds)};
  const auto day = floor<days>(time);
  const year_month_day date(day);
  const hh_mm_ss clock(time - day);
  AppendDigits(static_cast<std::uint64_t>(static_cast<int>(date.year())), 4, out);
  out += '-';
  AppendDigits(static_cast<unsigned>(date.month()), 2, out);
  out += '-';
  AppendDigits(static_cast<unsigned>(date.day()), 2, out);
  out += 'T';
  AppendDigits(static_cast<std::uint64_t>(clock.hours().count()), 2, out);
  out += ':';
  AppendDigits(static_cast<std::uint64_t>(clock.minutes().count()), 2, out);
  out += ':';
  AppendDigits(static_cast<std::uint64_t>(clock.seconds().count()), 2, out);
  out += '.';
  AppendDigits(static_cast<std::uint64_t>(nanos), 9, out);
  out += 'Z';
}

std::int64_t FloorSeconds(std::int64_t ns) { return ns / kSecond - (ns % kSecond < 0 ? 1 : 0); }

}  // namespace

void AppendRfc3339(const google::protobuf::Timestamp& time, std::string& out) {
  AppendUtc(time.seconds(), time.nanos(), out);
}

void AppendRfc3339(std::int64_t ns, std::string& out) {
  const std::int64_t seconds = FloorSeconds(ns);
  AppendUtc(seconds, ns - seconds * kSecond, out);
}

std::string Rfc3339(std::int64_t ns) {
  std::string out;
  AppendRfc3339(ns, out);
  return out;
}

}  // namespace cistern
