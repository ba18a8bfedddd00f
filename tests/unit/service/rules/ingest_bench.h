// A set of ingest rules and records to put through it.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "cistern/v1/rule.pb.h"
#include "ingest/message/record_batch.h"
#include "service/events/event_change.h"
#include "service/rules/ingest_rules.h"

namespace cistern {

inline constexpr std::int64_t kTestSecond = 1'000'000'000;
inline constexpr std::int64_t kTestStart = 1'780'000'000 * kTestSecond;

// Rules as in a file, `rules: [...]`, with defaults filled in; what is wrong fails the test.
std::vector<v1::Rule> ReadRules(std::string_view yaml);

class IngestBench {
 public:
  // Items of `rules:`, such as `- {name: a, drop: {}}`.
  explicit IngestBench(std::string_view rules, std::string secret = "secret");

  // One message, received `second` after the start from 192.0.2.1. What comes out is in records().
  void Add(std::string_view message, double second = 0, std::string_view peer = "192.0.2.1");
  void Apply();  // all that was added since, as one batch
  void Tick(double second);
  void Finish();

  const std::vector<Record>& records() const { return out_; }
  std::vector<std::string> messages() const;
  std::string tag(std::size_t record, std::string_view name) const;
  const std::vector<EventChange>& events() const { return events_; }
  IngestRuleFigures figures(std::size_t rule = 0) const { return rules_->Figures().at(rule); }
  const IngestOutcome& outcome() const { return outcome_; }
  IngestRules& rules() { return *rules_; }

 private:
  RecordBatch& NewBatch();

  std::vector<EventChange> events_;
  std::shared_ptr<IngestRules> rules_;
  std::vector<std::unique_ptr<RecordBatch>> batches_;
  RecordBatch* adding_ = nullptr;
  std::vector<Record> out_;
  IngestOutcome outcome_;
};

}  // namespace cistern
