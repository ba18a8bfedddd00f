#include "ctl/printer/time_text.h"

#include <google/protobuf/duration.pb.h>
#include <google/protobuf/timestamp.pb.h>

namespace cistern::ctl {
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

std::int64_t FloorSeconds(std::int64_t ns) { return ns / kSecond - (ns % kSecond < 0 ? 1 : 0); }

}  // namespace

std::int64_t ToNs(const google::protobuf::Timestamp& time) { return time.seconds() * kSecond + time.nanos(); }

std::int64_t ToNs(const google::protobuf::Duration& duration) {
  return duration.seconds() * kSecond + duration.nanos();
}

void SetNs(std::int64_t ns, google::protobuf::Timestamp& time) {
  const std::int64_t seconds = FloorSeconds(ns);
  time.set_seconds(seconds);
  time.set_nanos(static_cast<std::int32_t>(ns - seconds * kSecond));
}

void SetNs(std::int64_t ns, google::protobuf::Duration& duration) {
  duration.set_seconds(ns / kSecond);
  duration.set_nanos(static_cast<std::int32_t>(ns % kSecond));
}

std::string FormatSpan(std::int64_t ns) {
  struct Unit {
    const char* name;
    std::uint64_t ns;
  };
  static constexpr Unit kUnits[] = {{"d", 86'400'000'000'000},
                                    {"h", 3'600'000'000'000},
                                    {"m", 60'000'000'000},
                                    {"s", 1'000'000'000},
                                    {"ms", 1'000'000},
                                    {"us", 1'000},
                                    {"ns", 1}};
  const auto size = ns < 0 ? 0 - static_cast<std::uint64_t>(ns) : static_cast<std::uint64_t>(ns);
  const Unit* unit = kUnits;
  while (unit->ns > 1 && size < unit->ns) ++unit;
  if (size == 0) return "0s";
  std::string text = (ns < 0 ? "-" : "") + std::to_string(size / unit->ns) + unit->name;
  if (unit->ns <= 1'000'000'000) return text;
  const Unit* next = unit + 1;
  const std::uint64_t rest = size % unit->ns / next->ns;
  return rest == 0 ? text : text + " " + std::to_string(rest) + next->name;
}

void LocalClock::AppendSeconds(std::int64_t seconds, std::string& out) {
  if (seconds != second_) {
    text_ = absl::FormatTime("%Y-%m-%d %H:%M:%S", absl::FromUnixSeconds(seconds), zone_);
    second_ = seconds;
  }
  out += text_;
}

void LocalClock::AppendMillis(const google::protobuf::Timestamp& time, std::string& out) {
  AppendSeconds(time.seconds(), out);
  out += '.';
  AppendDigits(static_cast<std::uint64_t>(time.nanos()) / 1'000'000, 3, out);
}

}  // namespace cistern::ctl
