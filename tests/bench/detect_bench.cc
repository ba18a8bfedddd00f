// What 100 detections cost a record where few records match, beside 0 and 10: over a sealed block of 32,768
// records of the mixed load of `cisternctl load`, opened each time, and over commits of 500 in memory.
// `items_per_second` counts records.
#include <benchmark/benchmark.h>

#include <deque>
#include <string>
#include <vector>

#include "cistern/v1/rule.pb.h"
#include "ctl/sender/load_text.h"
#include "ingest/parse/parser.h"
#include "proto/yaml/reader.h"
#include "service/detect/detections.h"
#include "storage/block/blob_reader.h"
#include "storage/block/sealed_block.h"

namespace cistern {
namespace {

constexpr std::int64_t kStart = 1'795'082'400'000'000'000;
constexpr std::size_t kRows = 32'768, kCommit = 500;

// One of each kind in turn: words, fields, patterns; one in twenty finds something now and then.
std::vector<v1::Rule> Rules(int count) {
  const std::string kinds[] = {
      "filter: 'app:sshd%N \"failed password\"', threshold: {by: [host], count: 5, window: 300s}",
      "filter: 'word%N severity:>=err', match: {by: [host], repeat: 60s}",
      "filter: 'app:service%N', sequence: {by: [host], steps: [started, stopped], within: 60s}",
      "filter: 'msg:/user(name)? (root|admin)%N from/', first_seen: {by: [host]}",
      "filter: 'host:db%N-*', absent: {by: [host], after: 600s}"};
  std::string yaml = "rules:\n";
  for (int i = 0; i < count; ++i) {
    std::string kind = kinds[i % 5];
    kind.replace(kind.find("%N"), 2, std::to_string(i));
    yaml += "- {name: r" + std::to_string(i) + ", " + kind + "}\n";
  }
  v1::RuleFile file;
  Origins origins;
  YamlErrors errors;
  ReadYaml(yaml, {}, {file, origins, errors});
  for (v1::Rule& rule : *file.mutable_rules()) FillDefaults(rule, origins);
  return {file.rules().begin(), file.rules().end()};
}

class Load {
 public:
  Load() : lines_(kRows) {
    ctl::LoadText text("kqzvtmwa", 0, ctl::LoadFormat::kMixed, 0);
    for (std::size_t i = 0; i < kRows; ++i) {
      const std::int64_t received = kStart + static_cast<std::int64_t>(i) * 50'000;
      text.Render(i + 1, received - 200'000, lines_[i]);
      Record& record = records_.emplace_back();
      ParseMessage(lines_[i], ParseContext{received, nullptr}, record);
      record.id = RecordId{i + 1};
      record.received = received;
      record.transport = Transport::kTcp;
    }
    const std::span<const Record> records(records_);
    BlockSealer sealer;
    block_ = sealer.Seal(std::span(&records, 1));
    index_ = std::make_shared<const std::string>(block_.index);
  }
  std::unique_ptr<StoredBatch> Open() const {
    auto index =
        OpenBlockIndex(index_, [this](std::size_t chunk) { return std::optional(block_.chunks[chunk]); });
    return std::move(*OpenBlock(SourceOf(block_.data), std::move(*index)));
  }
  std::span<const Record> records() const { return records_; }

 private:
  std::vector<std::string> lines_;
  std::vector<Record> records_;
  SealedBlock block_;
  std::shared_ptr<const std::string> index_;
};

const Load& TheLoad() {
  static const Load load;
  return load;
}

void Sealed(benchmark::State& state) {
  auto engine = std::move(*Detections::Make(Rules(static_cast<int>(state.range(0))), {}));
  for (auto _ : state) {
    const auto batch = TheLoad().Open();
    engine->Feed(*batch, batch->index());
    engine->TakeChanges();
  }
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(kRows));
}
BENCHMARK(Sealed)->Arg(0)->Arg(10)->Arg(100);

void Commits(benchmark::State& state) {
  auto engine = std::move(*Detections::Make(Rules(static_cast<int>(state.range(0))), {}));
  std::size_t next = 0;
  for (auto _ : state) {
    RecordsView view(TheLoad().records().subspan(next, kCommit));
    engine->Feed(view, nullptr);
    engine->TakeChanges();
    next = (next + kCommit) % (kRows - kCommit);
  }
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(kCommit));
}
BENCHMARK(Commits)->Arg(0)->Arg(10)->Arg(100);

}  // namespace
}  // namespace cistern
