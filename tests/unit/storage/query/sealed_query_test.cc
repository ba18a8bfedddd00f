// What of sealed blocks a query reads, and what it knows without reading.
#include <gtest/gtest.h>

#include "tests/unit/storage/fake_block.h"
#include "tests/unit/storage/query/query_fixture.h"

namespace cistern {
namespace {

using Values = std::vector<std::pair<std::string, std::uint64_t>>;

class SealedQueryTest : public testing::Test {
 protected:
  SealedQueryTest() {
    for (int b = 0; b < 3; ++b) {
      std::vector<Record> records;
      for (int i = 0; i < 10; ++i) {
        records.push_back(MakeRecord(
            i % 2 ? "link is up" : Keep("port " + std::to_string(100 * b + i) + " open"), 60 * b + i));
        records.back().app_name = b == 0 ? "sshd" : i < 4 ? "cron" : "";
        records.back().severity = static_cast<Severity>(b);
      }
      store_.AddBatch(std::move(records));
    }
    store_.make_batch = [this](std::span<const Record> records) {
      auto block = std::make_unique<FakeBlock>(records, FakeBlockOptions{});
      block->is_damaged = records.front().id == damaged_;
      return block;
    };
  }
  std::string_view Keep(std::string text) { return texts_.emplace_back(std::move(text)); }

  AggregateResult Count(std::string_view filter) {
    aggregate_.filter = *Filter::Parse(filter);
    cost_ = {};
    return *RunAggregate(store_, aggregate_, {}, &cost_);
  }

  std::deque<std::string> texts_;
  FakeStore store_;
  RecordId damaged_{};
  AggregateOptions aggregate_;
  QueryCost cost_;
};

TEST_F(SealedQueryTest, ValuesRuleBlocksOut) {
  EXPECT_EQ(Count("app:sshd open").count, 5u);
  EXPECT_EQ(cost_.pruned_by_value, 2u);
  EXPECT_EQ(cost_.answered_by_index, 1u);
  EXPECT_EQ(cost_.bytes_read, 0u);
}

TEST_F(SealedQueryTest, WordsRuleBlocksOut) {
  EXPECT_EQ(Count("104").count, 1u);
  EXPECT_EQ(cost_.pruned_by_word, 2u);
  EXPECT_EQ(cost_.batches_read, 1u);
  EXPECT_EQ(cost_.records_considered, 5u);
  EXPECT_EQ(cost_.rows_ruled_out, 5u);
}

TEST_F(SealedQueryTest, TemplatesRuleBlocksOut) {
  EXPECT_EQ(Count("\"open link\"").count, 0u);
  EXPECT_EQ(cost_.pruned_by_template, 3u);
  EXPECT_EQ(cost_.bytes_read, 0u);
}

TEST_F(SealedQueryTest, StaticTextIsCountedWithoutReading) {
  EXPECT_EQ(Count("\"link is\"").count, 15u);
  EXPECT_EQ(cost_.answered_by_index, 3u);
  EXPECT_EQ(cost_.rows_taken, 15u);
  EXPECT_EQ(cost_.rows_ruled_out, 15u);
  EXPECT_EQ(cost_.records_considered, 0u);
  EXPECT_EQ(cost_.bytes_read, 0u);
}

TEST_F(SealedQueryTest, BoundsInsideABlockAreLookedAt) {
  aggregate_.from = kStart + 63 * kSecond;
  EXPECT_EQ(Count("link").count, 9u);
  EXPECT_EQ(cost_.answered_by_index, 1u);
  EXPECT_EQ(cost_.pruned_by_time, 1u);
  EXPECT_EQ(cost_.batches_read, 1u);
  EXPECT_EQ(cost_.records_considered, 0u);
}

TEST_F(SealedQueryTest, TopValuesComeFromTheIndex) {
  aggregate_.top_limit = 10;
  aggregate_.top_field = *ParseField("app");
  const auto result = Count("");
  EXPECT_EQ(result.top, (Values{{"sshd", 10}, {"cron", 8}}));
  EXPECT_EQ(result.without_value, 12u);
  aggregate_.top_field = *ParseField("severity");
  EXPECT_EQ(Count("").top, (Values{{"alert", 10}, {"crit", 10}, {"emerg", 10}}));
  aggregate_.top_field = *ParseField("flags");
  EXPECT_EQ(Count("").without_value, 30u);
  EXPECT_EQ(cost_.bytes_read, 0u);
  aggregate_.top_field = *ParseField("procid");
  EXPECT_EQ(Count("").without_value, 30u);
  EXPECT_EQ(cost_.batches_read, 3u);
}

TEST_F(SealedQueryTest, BlocksWithinABucketAreNotRead) {
  aggregate_.bucket = 60 * kSecond;
  EXPECT_EQ(Count("").histogram.size(), 3u);
  EXPECT_EQ(cost_.answered_by_index, 3u);
  aggregate_.bucket = 4 * kSecond;
  EXPECT_EQ(Count("").histogram.size(), 9u);
  EXPECT_EQ(cost_.batches_read, 3u);
  EXPECT_EQ(cost_.records_considered, 0u);
}

TEST_F(SealedQueryTest, DamageIsFoundBeforeRowsAreGivenAway) {
  damaged_ = RecordId{11};
  QueryOptions options;
  options.filter = *Filter::Parse("link");
  options.limit = 0;
  EXPECT_EQ(Ask(store_, options).ids, (Ids{30, 28, 26, 24, 22, 10, 8, 6, 4, 2}));
}

TEST_F(SealedQueryTest, DaysAreCounted) {
  store_.AddBatch({MakeRecord("x", 86'400), MakeRecord("x", 86'401)});
  Count("nothing");
  EXPECT_EQ(cost_.days, 2u);
  EXPECT_EQ(cost_.batches_considered, 4u);
}

}  // namespace
}  // namespace cistern
