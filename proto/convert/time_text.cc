#include "proto/convert/time_text.h"

#include <google/protobuf/timestamp.pb.h>

#include <chrono>

namespace cistern {
namespace {

constexpr std::int64_t kSecond = 1'000'000'000;

// Writes `number` with leading zeros to the end of [begin, end).
void PutDigits(std::uint64_t number, char* begin, char* end) {
  while (end != begin) {
    *--end = static_cast<char>('0' + number % 10);
    number /= 10;
  }
}

void AppendUtc(std::int64_t seconds, std::int64_t nanos, std::string& out) {
  using namespace std::chrono;
  const sys_seconds time{std::chrono::seconds(seconds)};
  const auto day = floor<days>(time);
  const year_month_day date(day);
  const hh_mm_ss clock(time - day);
  char text[] = "0000-00-00T00:00:00.000000000Z";
  PutDigits(static_cast<std::uint64_t>(static_cast<int>(date.year())), text, text + 4);
  PutDigits(static_cast<unsigned>(date.month()), text + 5, text + 7);
  PutDigits(static_cast<unsigned>(date.day()), text + 8, text + 10);
  PutDigits(static_cast<std::uint64_t>(clock.hours().count()), text + 11, text + 13);
  PutDigits(static_cast<std::uint64_t>(clock.minutes().count()), text + 14, text + 16);
  PutDigits(static_cast<std::uint64_t>(clock.seconds().count()), text + 17, text + 19);
  PutDigits(static_cast<std::uint64_t>(nanos), text + 20, text + 29);
  out.append(text, sizeof text - 1);
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
