// Filter cost per record over a batch of 65,536 in memory: mixed messages of about 150 octets, few hosts and
// apps. `items_per_second` counts records.
#include <benchmark/benchmark.h>

#include <cstdio>
#include <deque>
#include <string>
#include <vector>

#include "storage/filter/filter.h"

namespace cistern {
namespace {

constexpr int kRecords = 65'536;
constexpr const char* kApps[] = {"sshd", "postfix/smtpd", "kernel", "nginx", "systemd-logind", "cron"};
constexpr const char* kTexts[] = {
    "Accepted publickey for user%d from 198.51.100.%d port %d ssh2: ED25519 SHA256:Zm9vYmFyYmF6cXV4",
    "Failed password for invalid user admin%d from 203.0.113.%d port %d ssh2",
    "connection from 198.51.100.%d port %d closed after %d ms, reason: idle timeout, no data was left to "
    "send",
    "GET /static/app-%d.js HTTP/1.1 200 %d \"https://www.example.net/\" \"Mozilla/5.0 (X11; Linux x86_64)\" "
    "%d",
    "[%d.%06d] IN=eth0 OUT= MAC=00:16:3e:5e:6c:00 SRC=203.0.113.9 DST=192.0.2.1 LEN=60 TTL=%d PROTO=TCP",
};

class Batch {
 public:
  Batch() {
    char text[512];
    for (int i = 0; i < kRecords; ++i) {
      std::snprintf(text, sizeof text, kTexts[i * 7 % 5], i % 977, i % 251, i * 13 % 60'000);
      Record& record = records_.emplace_back();
      record.id = RecordId{static_cast<std::uint64_t>(i + 1)};
      record.received = 1'795'082'400'000'000'000 + std::int64_t{i} * 1'000'000;
      record.severity = static_cast<Severity>(i % 8);
      record.app_name = kApps[i % 6];
      record.peer = IpAddress::V4(0x0A000000u + static_cast<std::uint32_t>(i % 300));
      record.message = texts_.emplace_back(text);
    }
  }
  std::span<const Record> records() const { return records_; }

 private:
  std::deque<std::string> texts_;
  std::vector<Record> records_;
};

void Evaluate(benchmark::State& state, const char* text) {
  static const Batch batch;
  RecordsView view(batch.records());
  const auto filter = Filter::Parse(text);
  Selection selection;
  filter->Evaluate(view, selection);  // columns are made once
  for (auto _ : state) {
    filter->Evaluate(view, selection);
    benchmark::DoNotOptimize(selection.data());
  }
  state.SetItemsProcessed(state.iterations() * kRecords);
}

BENCHMARK_CAPTURE(Evaluate, rare_word, "sapphire");
BENCHMARK_CAPTURE(Evaluate, common_word, "port");
BENCHMARK_CAPTURE(Evaluate, two_words, "failed password");
BENCHMARK_CAPTURE(Evaluate, phrase, "\"failed password\"");
BENCHMARK_CAPTURE(Evaluate, address, "203.0.113.17");
BENCHMARK_CAPTURE(Evaluate, wildcard, "*assword*");
BENCHMARK_CAPTURE(Evaluate, regex, "/user (root|admin)/");
BENCHMARK_CAPTURE(Evaluate, app, "app:sshd");
BENCHMARK_CAPTURE(Evaluate, severity, "severity:>=err");
BENCHMARK_CAPTURE(Evaluate, network, "peer:10.0.0.0/28");
BENCHMARK_CAPTURE(Evaluate, severity_and_phrase, "\"failed password\" severity:>=crit app:sshd");
BENCHMARK_CAPTURE(Evaluate, either_word, "sapphire OR emerald OR password");

void Parse(benchmark::State& state) {
  for (auto _ : state) {
    benchmark::DoNotOptimize(
        Filter::Parse("\"failed password\" host:web-* NOT app:(cron OR sshd) severity:>=err"));
  }
}
BENCHMARK(Parse);

}  // namespace
}  // namespace cistern
