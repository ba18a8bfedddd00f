#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <future>
#include <sstream>

#include "cistern/v1/rule.pb.h"
#include "service/pipeline/pipeline.h"
#include "service/rules/ingest_rules.h"
#include "tests/unit/service/temp_store.h"

namespace cistern {
namespace {

v1::Rule RuleNamed(const std::string& name) {
  v1::Rule rule;
  rule.set_name(name);
  rule.set_enabled(true);
  return rule;
}

v1::Rule DropRule(const std::string& filter) {
  v1::Rule rule = RuleNamed("drop");
  rule.set_filter(filter);
  rule.mutable_drop();
  return rule;
}

class PipelineRulesTest : public ::testing::Test {
 protected:
  void Use(const v1::Rule& rule) { pipeline_->SetIngestRules(*IngestRules::Make({&rule, 1}, {})); }
  // Waits until it is committed.
  void Push(const std::vector<std::string>& messages, ClientSequence sequence = {}, bool imported = false,
            bool own = false) {
    QueueItem item;
    item.batch = pipeline_->NewBatch();
    for (const auto& message : messages) AddMessage(*item.batch, message);
    if (imported) {
      for (Record& record : item.batch->records()) record.flags |= kFlagImported;
    }
    item.sequence = std::move(sequence);
    item.imported = imported;
    item.own = own;
    std::promise<boost::system::error_code> committed;
    item.done = [&](const boost::system::error_code& error) { committed.set_value(error); };
    pipeline_->Received(Transport::kTcp, messages.size(), 0);
    ASSERT_TRUE(pipeline_->TryPushAcknowledged(item));
    EXPECT_FALSE(committed.get_future().get());
  }
  std::uint64_t dropped() const {
    return pipeline_->ledger().Read().dropped[static_cast<std::size_t>(DropReason::kRule)];
  }
  void ExpectBooksBalance() const {
    const auto books = pipeline_->ledger().Read();
    EXPECT_EQ(books.received_total(), books.stored + books.dropped_total());
    EXPECT_EQ(books.stored, store_->Stats().records);
  }
  std::string StoredOctets() const {
    std::ostringstream all;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(folder_.path())) {
      if (entry.is_regular_file()) all << std::ifstream(entry.path(), std::ios::binary).rdbuf();
    }
    return all.str();
  }

  TempFolder folder_;
  std::unique_ptr<Store> store_ = OpenStore(folder_.path());
  std::unique_ptr<Pipeline> pipeline_ = std::make_unique<Pipeline>(*store_, Pipeline::Options{});
};

TEST_F(PipelineRulesTest, WhatARuleDropsIsInTheBooks) {
  Use(DropRule("noise"));
  pipeline_->Start();
  Push({"<13>1 - h a - - - noise", "<13>1 - h a - - - news", "<13>1 - h a - - - noise"});
  EXPECT_EQ(dropped(), 2u);
  EXPECT_EQ(pipeline_->ledger().Read().stored, 1u);
  EXPECT_EQ(pipeline_->ingest_rule_figures().at(0).dropped, 2u);
  ExpectBooksBalance();
}

TEST_F(PipelineRulesTest, DroppedRecordsOfAClientAreAcknowledged) {
  Use(DropRule(""));
  pipeline_->Start();
  Push({"<13>1 - h a - - - one", "<13>1 - h a - - - two"}, {"client", 7});
  EXPECT_EQ(store_->LastSequence("client"), 7u);
  EXPECT_EQ(store_->Stats().records, 0u);
  ExpectBooksBalance();
}

TEST_F(PipelineRulesTest, ImportsAndOwnRecordsPassTheRules) {
  Use(DropRule(""));
  pipeline_->Start();
  Push({"<13>1 - h a - - - from an archive"}, {}, true);
  Push({"<13>1 - h a - - - an event"}, {}, false, true);
  EXPECT_EQ(dropped(), 0u);
  EXPECT_EQ(pipeline_->ledger().Read().stored, 2u);
}

TEST_F(PipelineRulesTest, RulesAreSwappedBetweenCommits) {
  Use(DropRule("noise"));
  pipeline_->Start();
  Push({"<13>1 - h a - - - noise"});
  pipeline_->SetIngestRules(nullptr);
  Push({"<13>1 - h a - - - noise"});
  EXPECT_EQ(pipeline_->ledger().Read().stored, 1u);
  EXPECT_TRUE(pipeline_->ingest_rule_figures().empty());
}

TEST_F(PipelineRulesTest, OpenWindowsEndWithTheirRuleAndWithThePipeline) {
  v1::Rule rule = RuleNamed("deduplicate");
  rule.mutable_deduplicate()->set_window(3'600'000'000'000);
  rule.mutable_deduplicate()->set_max_keys(100);
  Use(rule);
  pipeline_->Start();
  Push({"<13>1 - h a - - - same", "<13>1 - h a - - - same"});
  EXPECT_EQ(store_->Stats().records, 1u);
  pipeline_->SetIngestRules(nullptr);
  Push({"<13>1 - h a - - - other"});
  EXPECT_EQ(store_->Stats().records, 3u);
  Use(rule);
  Push({"<13>1 - h a - - - same", "<13>1 - h a - - - same"});
  EXPECT_EQ(store_->Stats().records, 4u);
  pipeline_->Stop(std::chrono::steady_clock::now() + std::chrono::seconds(60));
  EXPECT_EQ(store_->Stats().records, 5u);
  EXPECT_EQ(pipeline_->ledger().Read().received[static_cast<std::size_t>(Transport::kInternal)], 2u);
  ExpectBooksBalance();
}

// Rules that limit tell the end of it while there is still somebody who writes it down.
TEST_F(PipelineRulesTest, WaitsEndBehindWhatWasPushedBefore) {
  v1::Rule rule = RuleNamed("deduplicate");
  rule.mutable_deduplicate()->set_window(3'600'000'000'000);
  rule.mutable_deduplicate()->set_max_keys(100);
  Use(rule);
  auto batch = pipeline_->NewBatch();
  for (int i = 0; i < 3; ++i) AddMessage(*batch, "<13>1 - h a - - - same");
  pipeline_->Received(Transport::kTcp, 3, 0);
  ASSERT_TRUE(pipeline_->TryPush(batch));
  pipeline_->Start();
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(60);
  pipeline_->EndRuleWaits(deadline);
  EXPECT_EQ(store_->Stats().records, 2u);
  Push({"<13>1 - h a - - - same", "<13>1 - h a - - - same"});
  EXPECT_EQ(store_->Stats().records, 3u) << "the rule still works";
  pipeline_->Stop(deadline);
  EXPECT_EQ(store_->Stats().records, 4u);
  ExpectBooksBalance();
  pipeline_->EndRuleWaits(deadline);  // nothing is there to wait for
}

TEST_F(PipelineRulesTest, RedactedDataLeavesNoTraceOnTheDisk) {
  v1::Rule rule = RuleNamed("redact");
  rule.mutable_redact()->add_patterns("secret\\w*");
  Use(rule);
  pipeline_->Start();
  Push({"<13>1 2026-01-01T00:00:00 h a - - [x@1 k=\"secretparameter\"] with secretword in it",
        "<13>1 2026-01-01T00:00:00Z h a - - [x@1 k=\"secretparameter\"] with secretword in it",
        "no header but secretraw", "<13>Jan  1 00:00:00 h a: ordinary secretbsd and visible"});
  pipeline_.reset();
  store_.reset();
  const std::string stored = StoredOctets();
  EXPECT_NE(stored.find("ordinary"), std::string::npos);
  EXPECT_EQ(stored.find("secretparameter"), std::string::npos);
  EXPECT_EQ(stored.find("secretword"), std::string::npos);
  EXPECT_EQ(stored.find("secretraw"), std::string::npos);
  EXPECT_EQ(stored.find("secretbsd"), std::string::npos);
}

}  // namespace
}  // namespace cistern
