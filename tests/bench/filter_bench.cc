// Filter cost per record over a batch of 65,536 in memory: mixed messages of about 150 octets, few hosts and
// apps. `items_per_second` counts records. Judge and Sealed: over a sealed block of 32,768 records of the
// mixed load of `cisternctl load`, the index alone (opened each time), and index and rows.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <cstdio>
#include <deque>
#include <string>
#include <vector>

#include "ctl/sender/load_text.h"
#include "ingest/parse/parser.h"
#include "storage/block/blob_reader.h"
#include "storage/block/sealed_block.h"
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

// Records of the load, parsed as received, and their block.
class LoadBlock {
 public:
  static constexpr std::size_t kRows = 32'768;

  LoadBlock() : lines_(kRows) {
    ctl::LoadText text("kqzvtmwa", 0, ctl::LoadFormat::kMixed, 0);
    for (std::size_t i = 0; i < kRows; ++i) {
      const std::int64_t received = kStart + static_cast<std::int64_t>(i) * 50'000;
      text.Render(i + 1, received - 200'000, lines_[i]);
      Record& record = records_.emplace_back();
      ParseMessage(lines_[i], ParseContext{received, nullptr}, record);
      record.id = RecordId{i + 1};
      record.received = received;
      octets_ += record.message.size();
    }
    const std::span<const Record> records(records_);
    BlockSealer sealer;
    block_ = sealer.Seal(std::span(&records, 1));
    index_ = std::make_shared<const std::string>(block_.index);
  }
  std::unique_ptr<BlockIndex> Index() const {
    return *OpenBlockIndex(index_, [this](std::size_t chunk) { return std::optional(block_.chunks[chunk]); });
  }
  std::unique_ptr<StoredBatch> Open() const { return *OpenBlock(SourceOf(block_.data), Index()); }
  std::size_t octets() const { return octets_; }

 private:
  static constexpr std::int64_t kStart = 1'795'176'000'000'000'000;
  std::vector<std::string> lines_;
  std::vector<Record> records_;
  std::size_t octets_ = 0;
  SealedBlock block_;
  std::shared_ptr<const std::string> index_;
};

const LoadBlock& Load() {
  static const LoadBlock block;
  return block;
}

void Judge(benchmark::State& state, const char* text) {
  const auto filter = Filter::Parse(text);
  std::vector<Verdict> verdicts;
  for (auto _ : state) {
    const auto index = Load().Index();
    if (!filter->RuledOut(*index)) filter->Judge(*index, verdicts);
    benchmark::DoNotOptimize(verdicts.data());
  }
  state.counters["templates"] = static_cast<double>(Load().Index()->Templates().size());
}

void Sealed(benchmark::State& state, const char* text) {
  const auto filter = Filter::Parse(text);
  std::vector<Verdict> verdicts;
  std::size_t matches = 0;
  for (auto _ : state) {
    const auto batch = Load().Open();
    filter->Judge(*batch->index(), verdicts);
    Selection selection(LoadBlock::kRows, 1);
    const auto template_of = batch->Templates()->template_of();
    for (std::size_t row = 0; row < selection.size(); ++row)
      selection[row] = verdicts[template_of[row]] == Verdict::kSome;
    filter->Narrow(*batch, selection, 0, selection.size(), batch->index());
    matches = static_cast<std::size_t>(std::count(selection.begin(), selection.end(), 1));
  }
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(LoadBlock::kRows));
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(Load().octets()));
  state.counters["matches"] = static_cast<double>(matches);
}

BENCHMARK_CAPTURE(Judge, everything, "");
BENCHMARK_CAPTURE(Judge, static_phrase, "\"failed password\"");
BENCHMARK_CAPTURE(Judge, rare_word, "kingfisher");
BENCHMARK_CAPTURE(Judge, rare_number, "k9fisher42");
BENCHMARK_CAPTURE(Judge, wildcard, "*assword*");
BENCHMARK_CAPTURE(Judge, regex, "/user (root|admin)/");
BENCHMARK_CAPTURE(Judge, regex_without_literal, "/[0-9]+ [a-z]+ [0-9]+/");
BENCHMARK_CAPTURE(Sealed, static_phrase, "\"failed password\"");
BENCHMARK_CAPTURE(Sealed, word_in_slots, "root");
BENCHMARK_CAPTURE(Sealed, address, "10.0.0.1");
BENCHMARK_CAPTURE(Sealed, wildcard, "*dmi*");
BENCHMARK_CAPTURE(Sealed, number_wildcard, "*77");
BENCHMARK_CAPTURE(Sealed, phrase_over_slots, "\"user admin from\"");
BENCHMARK_CAPTURE(Sealed, regex, "/user (root|admin)/");
BENCHMARK_CAPTURE(Sealed, regex_number, "/port [0-9]+7 /");
BENCHMARK_CAPTURE(Sealed, regex_without_literal, "/[0-9]+ [a-z]+ [0-9]+$/");
BENCHMARK_CAPTURE(Sealed, regex_everywhere, "/[a-z]+=[0-9]+[^0-9]+7$/");

void Parse(benchmark::State& state) {
  for (auto _ : state) {
    benchmark::DoNotOptimize(
        Filter::Parse("\"failed password\" host:web-* NOT app:(cron OR sshd) severity:>=err"));
  }
}
BENCHMARK(Parse);

}  // namespace
}  // namespace cistern
