// Parser cost per message: 1,000 distinct messages of about 174 octets, walked again and again so that the
// branch predictor sees variety. `items_per_second` counts messages; time is per message.
#include <benchmark/benchmark.h>

#include <cstdio>
#include <string>
#include <vector>

#include "ingest/parse/parser.h"

namespace cistern {
namespace {

constexpr int kMessages = 1000;
constexpr std::int64_t kReceived = 1'790'000'000'000'000'000;  // 2026-09-21T13:33:20Z
constexpr const char* kApps[] = {"sshd", "postfix/smtpd", "kernel", "nginx", "systemd-logind", "cron"};

template <class... Args>
std::string Format(const char* format, Args... args) {
  char text[512];
  std::snprintf(text, sizeof text, format, args...);
  return text;
}

std::string Rfc5424Message(int i) {
  return Format(
      "<%d>1 2026-09-21T13:%02d:%02d.%06dZ web-%02d.example.net %s %d ID%d [origin@32473 seq=\"%d\" "
      "ip=\"192.0.2.%d\"] "
      "Accepted publickey for user%d from 198.51.100.%d port %d ssh2",
      i % 192, i % 60, i * 7 % 60, i * 997, i % 40, kApps[i % 6], 1000 + i, i % 90, i, i % 250, i % 77,
      i % 250, 1024 + i * 13);
}

std::string Rfc3164Message(int i) {
  return Format(
      "<%d>Sep %2d %02d:%02d:%02d db-%02d.example.net %s[%d]: connection from 198.51.100.%d port %d closed "
      "by user%d after "
      "%d ms, %d octets sent, %d octets received, reason: idle timeout",
      i % 192, 1 + i % 28, i % 24, i % 60, i * 7 % 60, i % 40, kApps[i % 6], 1000 + i, i % 250, 1024 + i * 13,
      i % 77, i * 3, i * 311, i * 17);
}

std::string KernelMessage(int i) {
  return Format(
      "<4>Sep 21 13:%02d:%02d gw kernel: [%d.%06d] IN=eth0 OUT= SRC=203.0.113.%d DST=192.0.2.1 LEN=60",
      i % 60, i * 7 % 60, i * 31, i * 997, i % 250);
}

std::string CiscoMessage(int i) {
  return Format(
      "<189>%d: rtr%d: *Sep 21 13:%02d:%02d.411: %%SYS-5-CONFIG_I: Configured from console by admin%d", i,
      i % 20, i % 60, i * 7 % 60, i % 9);
}

std::string Utf8Message(int i) {
  return Format(
      "<13>1 2026-09-21T13:%02d:%02dZ h a - - - \xef\xbb\xbfGr\xc3\xbc\xc3\x9f"
      "e aus K\xc3\xb6ln, \xd0\x9f\xd1\x80\xd0\xb8"
      "\xd0\xb2\xd0\xb5\xd1\x82 \xe6\x97\xa5\xe6\x9c\xac\xe8\xaa\x9e %d",
      i % 60, i * 7 % 60, i);
}

using Generator = std::string (*)(int);

void ParseAll(benchmark::State& state, Generator even, Generator odd) {
  std::vector<std::string> messages;
  std::size_t octets = 0;
  for (int i = 0; i < kMessages; ++i) {
    messages.push_back(i % 2 == 0 ? even(i) : odd(i));
    octets += messages.back().size();
  }
  const ParseContext context{.received = kReceived};
  Record record;
  std::size_t next = 0;
  for (auto _ : state) {
    ParseMessage(messages[next], context, record);
    benchmark::DoNotOptimize(record);
    if (++next == messages.size()) next = 0;
  }
  state.SetItemsProcessed(state.iterations());
  state.counters["octets"] = static_cast<double>(octets) / kMessages;
}

BENCHMARK_CAPTURE(ParseAll, mixed, Rfc5424Message, Rfc3164Message);
BENCHMARK_CAPTURE(ParseAll, rfc5424, Rfc5424Message, Rfc5424Message);
BENCHMARK_CAPTURE(ParseAll, rfc3164, Rfc3164Message, Rfc3164Message);
BENCHMARK_CAPTURE(ParseAll, kernel, KernelMessage, KernelMessage);
BENCHMARK_CAPTURE(ParseAll, cisco, CiscoMessage, CiscoMessage);
BENCHMARK_CAPTURE(ParseAll, not_ascii, Utf8Message, Utf8Message);

}  // namespace
}  // namespace cistern
