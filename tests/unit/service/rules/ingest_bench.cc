#include "tests/unit/service/rules/ingest_bench.h"

#include <gtest/gtest.h>

#include "ingest/message/tags.h"
#include "ingest/parse/parser.h"
#include "proto/yaml/reader.h"

namespace cistern {

std::vector<v1::Rule> ReadRules(std::string_view yaml) {
  v1::RuleFile file;
  Origins origins;
  YamlErrors errors;
  ReadYaml(yaml, {}, {file, origins, errors});
  EXPECT_TRUE(errors.empty()) << errors.ToString();
  FillDefaults(file, origins);
  return {file.rules().begin(), file.rules().end()};
}

IngestBench::IngestBench(std::string_view rules, std::string secret) {
  const auto definitions = ReadRules("rules:\n" + std::string(rules));
  auto made = IngestRules::Make(
      definitions,
      {std::move(secret), [this](const EventChange& change) { events_.push_back(change); }, nullptr});
  EXPECT_TRUE(made.has_value()) << made.error().key << ": " << made.error().message;
  rules_ = *made;
}

RecordBatch& IngestBench::NewBatch() { return *batches_.emplace_back(std::make_unique<RecordBatch>()); }

void IngestBench::Add(std::string_view message, double second, std::string_view peer) {
  if (adding_ == nullptr) adding_ = &NewBatch();
  Record record;
  record.received = kTestStart + static_cast<std::int64_t>(second * kTestSecond);
  ParseMessage(adding_->arena().Copy(message), {record.received, nullptr}, record);
  record.peer = *IpAddress::Parse(peer);
  record.transport = Transport::kUdp;
  adding_->records().push_back(record);
}

void IngestBench::Apply() {
  RecordBatch& batch = adding_ != nullptr ? *adding_ : NewBatch();
  adding_ = nullptr;
  const std::int64_t now = batch.empty() ? kTestStart : batch.records().back().received;
  rules_->Apply(batch, now, outcome_);
  out_.insert(out_.end(), batch.records().begin(), batch.records().end());
}

void IngestBench::Tick(double second) {
  RecordBatch& batch = NewBatch();
  rules_->Tick(kTestStart + static_cast<std::int64_t>(second * kTestSecond), batch, outcome_);
  out_.insert(out_.end(), batch.records().begin(), batch.records().end());
}

void IngestBench::Finish() {
  RecordBatch& batch = NewBatch();
  rules_->Finish(batch, outcome_);
  out_.insert(out_.end(), batch.records().begin(), batch.records().end());
}

std::vector<std::string> IngestBench::messages() const {
  std::vector<std::string> messages;
  for (const Record& record : out_) messages.emplace_back(record.message);
  return messages;
}

std::string IngestBench::tag(std::size_t record, std::string_view name) const {
  TagsReader reader(out_.at(record).tags);
  while (const auto tag = reader.Next()) {
    if (tag->name == name) return std::string(tag->value);
  }
  return "(none)";
}

}  // namespace cistern
