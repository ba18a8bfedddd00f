// What 1,000 ingest rules of mixed kinds cost a record where few records match, beside 10 and 100: over
// commits of 32,768 and of 500 records of the mixed load of `cisternctl load`. `items_per_second` counts
// records. A daemon without rules costs 1.0 to 1.4 us a record.
#include <benchmark/benchmark.h>

#include <string>
#include <vector>

#include "cistern/v1/rule.pb.h"
#include "ctl/sender/load_text.h"
#include "ingest/parse/parser.h"
#include "proto/yaml/reader.h"
#include "service/events/event_change.h"
#include "service/rules/ingest_rules.h"

namespace cistern {
namespace {

constexpr std::int64_t kStart = 1'795'082'400'000'000'000;

// Words, words with an application, hosts, severities, networks and regular expressions, as users write them.
std::vector<v1::Rule> Rules(int count) {
  const std::string kinds[] = {
      "filter: '\"health check %N\"', drop: {}",
      "filter: 'app:service%N (started OR stopped)', tag: {tags: {state: service}}",
      "filter: 'app:sshd \"invalid user guest%N\"', tag: {tags: {guest: 'yes'}}",
      "filter: 'host:db%N severity:>=err', set: {fields: {severity: crit}}",
      "filter: 'debug%N trace', sample: {one_in: 100}",
      "filter: 'peer:10.%N.0.0/16', limit: {rate: 1000}",
      "filter: 'msg:/user(name)? (root|admin)%N from/', redact: {what: [user, ipv4]}",
      "filter: 'link%N flap*', deduplicate: {window: 60s}",
      "filter: 'tag.site:site%N', drop: {}",
      "filter: 'app:app%N key%N', extract: {key_value: {}}"};
  std::string yaml = "rules:\n";
  for (int i = 0; i < count; ++i) {
    std::string kind = kinds[i % 10];
    const std::string number = std::to_string(i % 10 == 5 ? i / 10 : i);
    for (std::size_t at; (at = kind.find("%N")) != std::string::npos;) kind.replace(at, 2, number);
    yaml += "- {name: r" + std::to_string(i) + ", " + kind + "}\n";
  }
  v1::RuleFile file;
  Origins origins;
  YamlErrors errors;
  ReadYaml(yaml, {}, {file, origins, errors});
  FillDefaults(file, origins);
  return {file.rules().begin(), file.rules().end()};
}

class Load {
 public:
  explicit Load(std::size_t rows) : lines_(rows) {
    ctl::LoadText text("kqzvtmwa", 0, ctl::LoadFormat::kMixed, 0);
    for (std::size_t i = 0; i < rows; ++i) {
      const std::int64_t received = kStart + static_cast<std::int64_t>(i) * 50'000;
      text.Render(i + 1, received - 200'000, lines_[i]);
      Record& record = batch.records().emplace_back();
      ParseMessage(lines_[i], ParseContext{received, nullptr}, record);
      record.received = received;
      record.transport = Transport::kTcp;
      record.peer = *IpAddress::Parse("127.0.0.1");
    }
  }
  RecordBatch batch;

 private:
  std::vector<std::string> lines_;
};

void Apply(benchmark::State& state, const std::vector<v1::Rule>& definitions, std::size_t rows) {
  const auto rules = IngestRules::Make(definitions, {});
  if (!rules) return state.SkipWithError(rules.error().message.c_str());
  Load load(rows);
  IngestOutcome outcome;
  for (auto _ : state) {
    (*rules)->Apply(load.batch, kStart, outcome);
    if (load.batch.size() != rows) return state.SkipWithError("records were dropped");
  }
  state.SetItemsProcessed(static_cast<std::int64_t>(rows) * state.iterations());
}

void MixedRules(benchmark::State& state) {
  Apply(state, Rules(static_cast<int>(state.range(0))), static_cast<std::size_t>(state.range(1)));
}
BENCHMARK(MixedRules)->ArgNames({"rules", "records"})->ArgsProduct({{10, 100, 1000}, {500, 32'768}});

// A tag on everything, before the thousand others.
void RuleThatMatchesEverything(benchmark::State& state) {
  auto rules = Rules(1000);
  v1::Rule all;
  all.set_name("all");
  all.set_enabled(true);
  all.set_order(1);
  (*all.mutable_tag()->mutable_tags())["site"] = "here";
  rules.push_back(all);
  Apply(state, rules, 32'768);
}
BENCHMARK(RuleThatMatchesEverything);

}  // namespace
}  // namespace cistern
