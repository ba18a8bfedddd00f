// Rule by rule over a batch is the same as record by record, whatever the rules and the batches.
#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "tests/unit/service/rules/ingest_bench.h"

namespace cistern {
namespace {

class Random {
 public:
  explicit Random(unsigned seed) : random_(seed) {}
  std::size_t Below(std::size_t n) { return random_() % n; }
  std::string Word() { return std::string("w") + static_cast<char>('a' + Below(6)); }
  std::string Filter();
  std::string Action();
  std::string Message();

 private:
  std::mt19937 random_;
};

std::string Random::Filter() {
  switch (Below(9)) {
    case 0:
      return "";
    case 1:
      return "host:" + Word();
    case 2:
      return "tag.t:" + Word();
    case 3:
      return "tag.u:" + Word() + " OR " + Word();
    case 4:
      return "NOT " + Word();
    case 5:
      return "severity:>=" + std::to_string(Below(8));
    case 6:
      return "msg:/" + Word() + " w[a-c]/";
    case 7:
      return "raw:" + Word() + " app:" + Word();
    default:
      return Word() + " " + Word();
  }
}

std::string Random::Action() {
  switch (Below(10)) {
    case 0:
      return "drop: {}";
    case 1:
      return "sample: {one_in: 2, by: [hostname]}";
    case 2:
      return "limit: {rate: 1, burst: 3, by: [app_name]}";
    case 3:
      return "deduplicate: {by: [message, tag.t], window: 1h}";
    case 4:
      return "tag: {tags: {t: '" + Word() + "'}}";
    case 5:
      return "tag: {tags: {u: '{{hostname}}'}}";
    case 6:
      return "set: {fields: {message: '" + Word() + " {{message}}'}}";
    case 7:
      return "set: {fields: {hostname: '{{app_name}}', severity: '3'}}";
    case 8:
      return "extract: {pattern: '(?P<u>w[abc]) (?P<t>w.)'}";
    default:
      return "redact: {patterns: ['" + Word() + " (w)'], with: mask}";
  }
}

std::string Random::Message() {
  return "<" + std::to_string(8 + Below(8)) + ">1 - " + Word() + " " + Word() + " - - - " + Word() + " " +
         Word() + " " + Word();
}

std::string Print(const Record& record) {
  std::string text;
  for (const auto field : {record.hostname, record.app_name, record.message, record.tags, record.raw})
    text.append(field) += '|';
  return text + std::to_string(record.severity) + std::to_string(record.shape.code);
}

std::vector<std::string> Print(const std::vector<Record>& records) {
  std::vector<std::string> texts;
  for (const Record& record : records) texts.push_back(Print(record));
  return texts;
}

// Each rule a set of its own, each record a batch of its own.
class OneByOne {
 public:
  explicit OneByOne(const std::string& rules) {
    for (const v1::Rule& rule : ReadRules("rules:\n" + rules))
      sets_.push_back(*IngestRules::Make({&rule, 1}, {}));
  }
  void Take(const Record& record) {
    RecordBatch& batch = *batches_.emplace_back(std::make_unique<RecordBatch>());
    batch.records().push_back(record);
    for (const auto& set : sets_) set->Apply(batch, record.received, outcome_);
    out.insert(out.end(), batch.records().begin(), batch.records().end());
  }
  IngestRuleFigures figures(std::size_t rule) const { return sets_[rule]->Figures()[0]; }

  std::vector<Record> out;

 private:
  std::vector<std::shared_ptr<IngestRules>> sets_;
  std::vector<std::unique_ptr<RecordBatch>> batches_;
  IngestOutcome outcome_;
};

TEST(RuleOrderTest, BatchesGiveWhatSingleRecordsGive) {
  Random random(20261121);
  for (int round = 0; round < 400; ++round) {
    std::string rules;
    const std::size_t count = 1 + random.Below(30);
    for (std::size_t i = 0; i < count; ++i)
      rules += "- {name: r" + std::to_string(100 + i) + ", filter: '" + random.Filter() + "', " +
               random.Action() + "}\n";
    IngestBench together(rules), source("- {name: none, enabled: false, drop: {}}");
    OneByOne single(rules);
    const std::size_t records = 1 + random.Below(60);
    for (std::size_t i = 0; i < records; ++i) {
      const std::string message = random.Message();
      together.Add(message, static_cast<double>(i) / 10);
      source.Add(message, static_cast<double>(i) / 10);
      if (random.Below(20) == 0) together.Apply();
    }
    together.Apply();
    source.Apply();
    for (const Record& record : source.records()) single.Take(record);
    ASSERT_EQ(Print(together.records()), Print(single.out)) << rules;
    for (std::size_t i = 0; i < count; ++i) {
      ASSERT_EQ(together.figures(i).matched, single.figures(i).matched) << rules << i;
      ASSERT_EQ(together.figures(i).dropped, single.figures(i).dropped) << rules << i;
      ASSERT_EQ(together.figures(i).changed, single.figures(i).changed) << rules << i;
    }
  }
}

}  // namespace
}  // namespace cistern
