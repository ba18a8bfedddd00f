#include <gtest/gtest.h>

#include <numeric>

#include "tests/unit/storage/query/query_fixture.h"

namespace cistern {
namespace {

using Buckets = std::vector<std::pair<std::int64_t, std::uint64_t>>;
using Values = std::vector<std::pair<std::string, std::uint64_t>>;

TEST(RunAggregateTest, Counts) {
  FakeStore store;
  FillStore(store);
  AggregateOptions options;
  EXPECT_EQ(RunAggregate(store, options, {})->count, 9u);
  options.filter = *Filter::Parse("odd");
  EXPECT_EQ(RunAggregate(store, options, {})->count, 5u);
  options.from = kStart + 3 * kSecond;
  options.to = kStart + 9 * kSecond;
  const auto result = RunAggregate(store, options, {});
  EXPECT_EQ(result->count, 3u);
  EXPECT_TRUE(result->histogram.empty());
  EXPECT_TRUE(result->top.empty());
}

TEST(RunAggregateTest, HistogramIsAlignedToTheEpochAndLeavesOutZeros) {
  FakeStore store;
  store.AddBatch({MakeRecord("a", 1), MakeRecord("a", 4), MakeRecord("a", 5), MakeRecord("a", 22)});
  AggregateOptions options;
  options.bucket = 5 * kSecond;
  EXPECT_EQ(RunAggregate(store, options, {})->histogram,
            (Buckets{{kStart, 2}, {kStart + 5 * kSecond, 1}, {kStart + 20 * kSecond, 1}}));
}

TEST(RunAggregateTest, HistogramBeforeTheEpochRoundsDown) {
  FakeStore store;
  Record record;
  record.received = -1;
  store.AddBatch({record});
  AggregateOptions options;
  options.bucket = 10;
  EXPECT_EQ(RunAggregate(store, options, {})->histogram, (Buckets{{-10, 1}}));
}

TEST(RunAggregateTest, HistogramByEventTime) {
  FakeStore store;
  Record record = MakeRecord("a", 12);
  record.time = kStart + 3 * kSecond;
  store.AddBatch({record});
  AggregateOptions options;
  options.axis = TimeAxis::kEvent;
  options.bucket = 10 * kSecond;
  EXPECT_EQ(RunAggregate(store, options, {})->histogram, (Buckets{{kStart, 1}}));
}

TEST(RunAggregateTest, TooManyBucketsIsAnError) {
  FakeStore store;
  std::vector<Record> records;
  for (int i = 0; i < 10'000; ++i) records.push_back(MakeRecord("a", i));
  store.AddBatch(records);
  AggregateOptions options;
  options.bucket = kSecond;
  EXPECT_EQ(RunAggregate(store, options, {})->histogram.size(), 10'000u);
  store.AddBatch({MakeRecord("a", 10'000)});
  EXPECT_EQ(RunAggregate(store, options, {}).error(), QueryErrc::kTooManyBuckets);
}

TEST(RunAggregateTest, TopValuesByCountThenValue) {
  FakeStore store;
  std::vector<Record> records;
  for (std::string_view app : {"b", "a", "c", "c", "c", "", "b", "a", "d"}) {
    records.push_back(MakeRecord("x", 1));
    records.back().app_name = app;
  }
  store.AddBatch(records);
  AggregateOptions options;
  options.top_field = *ParseField("app");
  options.top_limit = 2;
  const auto result = RunAggregate(store, options, {});
  EXPECT_EQ(result->top, (Values{{"c", 3}, {"a", 2}}));
  EXPECT_EQ(result->distinct, 4u);
  EXPECT_EQ(result->without_value, 1u);
  EXPECT_EQ(result->other, 3u);
}

TEST(RunAggregateTest, RecordsWithSeveralValuesCountForEach) {
  FakeStore store;
  Record record = MakeRecord("x", 1);
  record.flags = kFlagTruncated | kFlagBom;
  store.AddBatch({record, MakeRecord("y", 2)});
  AggregateOptions options;
  options.top_field = *ParseField("flags");
  options.top_limit = 10;
  const auto result = RunAggregate(store, options, {});
  EXPECT_EQ(result->top, (Values{{"bom", 1}, {"truncated", 1}}));
  EXPECT_EQ(result->without_value, 1u);
}

TEST(RunAggregateTest, CancellationStops) {
  FakeStore store;
  FillStore(store);
  std::atomic<bool> cancelled{true};
  EXPECT_EQ(RunAggregate(store, {}, {&cancelled}).error(), StoreErrc::kCancelled);
}

TEST(RunAggregateTest, ValuesBeyondTheBoundAreOther) {
  FakeStore store;
  std::deque<std::string> texts;
  for (int b = 0; b < 11; ++b) {
    std::vector<Record> records;
    for (int i = 0; i < 100'000; ++i) {
      records.push_back(MakeRecord("x", 1));
      records.back().procid = texts.emplace_back(std::to_string(b * 100'000 + i));
    }
    store.AddBatch(std::move(records));
  }
  AggregateOptions options;
  options.top_field = *ParseField("procid");
  options.top_limit = 1;
  const auto result = RunAggregate(store, options, {});
  EXPECT_EQ(result->count, 1'100'000u);
  EXPECT_EQ(result->distinct, 1'000'000u);
  EXPECT_EQ(result->other, 1'099'999u);
}

}  // namespace
}  // namespace cistern
