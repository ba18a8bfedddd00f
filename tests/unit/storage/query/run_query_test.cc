#include <gtest/gtest.h>

#include "tests/unit/storage/query/query_fixture.h"

namespace cistern {
namespace {

class RunQueryTest : public testing::Test {
 protected:
  RunQueryTest() { FillStore(store_); }
  FakeStore store_;
  QueryOptions options_;
};

TEST_F(RunQueryTest, NewestFirstIsTheDefault) {
  const Answer answer = Ask(store_, options_);
  EXPECT_EQ(answer.ids, (Ids{9, 8, 7, 6, 5, 4, 3, 2, 1}));
  EXPECT_EQ(answer.result.matches, 9u);
  EXPECT_FALSE(answer.result.more);
  EXPECT_EQ(answer.result.snapshot_id, 9u);
}

TEST_F(RunQueryTest, OldestFirst) {
  options_.order = ScanOrder::kOldestFirst;
  options_.filter = *Filter::Parse("odd");
  EXPECT_EQ(Ask(store_, options_).ids, (Ids{1, 3, 5, 7, 9}));
}

TEST_F(RunQueryTest, EmptyStoreGivesNothing) {
  FakeStore empty;
  const Answer answer = Ask(empty, options_);
  EXPECT_TRUE(answer.ids.empty());
  EXPECT_FALSE(answer.error);
  EXPECT_EQ(answer.result.snapshot_id, 0u);
}

TEST_F(RunQueryTest, LimitEndsInsideABatchAndReadsNoFurther) {
  options_.limit = 2;
  const Answer answer = Ask(store_, options_);
  EXPECT_EQ(answer.ids, (Ids{9, 8}));
  EXPECT_TRUE(answer.result.more);
  EXPECT_EQ(answer.cost.batches_read, 1u);
}

TEST_F(RunQueryTest, LimitAtABatchEndReadsNoFurther) {
  options_.limit = 3;
  const Answer answer = Ask(store_, options_);
  EXPECT_EQ(answer.ids, (Ids{9, 8, 7}));
  EXPECT_TRUE(answer.result.more);
  EXPECT_EQ(answer.cost.batches_read, 1u);
}

TEST_F(RunQueryTest, LimitZeroMeansAll) {
  options_.limit = 0;
  EXPECT_EQ(Ask(store_, options_).ids.size(), 9u);
}

TEST_F(RunQueryTest, LimitAboveTheMatchesIsNoMore) {
  options_.limit = 10;
  EXPECT_FALSE(Ask(store_, options_).result.more);
}

TEST_F(RunQueryTest, FromIsInclusiveAndToExclusive) {
  options_.from = kStart + 4 * kSecond;
  options_.to = kStart + 6 * kSecond;
  const Answer answer = Ask(store_, options_);
  EXPECT_EQ(answer.ids, (Ids{5, 4}));
  EXPECT_EQ(answer.cost.batches_read, 1u);
}

TEST_F(RunQueryTest, EmptyTimeRangeReadsNothing) {
  options_.from = options_.to = kStart + 4 * kSecond;
  const Answer answer = Ask(store_, options_);
  EXPECT_TRUE(answer.ids.empty());
  EXPECT_EQ(answer.cost.batches_considered, 0u);
}

TEST_F(RunQueryTest, FilterBoundsPruneBatches) {
  options_.filter = *Filter::Parse("id:[4 TO 5] received:>=2026-11-19T10:00:05Z");
  const Answer answer = Ask(store_, options_);
  EXPECT_EQ(answer.ids, (Ids{5}));
  EXPECT_EQ(answer.cost.batches_read, 1u);
}

TEST_F(RunQueryTest, ResumesBehindAnIdInBothOrders) {
  options_.after_id = 5;
  EXPECT_EQ(Ask(store_, options_).ids, (Ids{4, 3, 2, 1}));
  options_.order = ScanOrder::kOldestFirst;
  EXPECT_EQ(Ask(store_, options_).ids, (Ids{6, 7, 8, 9}));
  options_.after_id = UINT64_MAX;
  EXPECT_TRUE(Ask(store_, options_).ids.empty());
}

TEST_F(RunQueryTest, PagesOfAnyLimitGiveEveryRecordOnce) {
  for (const auto order : {ScanOrder::kNewestFirst, ScanOrder::kOldestFirst}) {
    for (std::uint64_t limit = 1; limit <= 10; ++limit) {
      QueryOptions page;
      page.order = order;
      page.limit = limit;
      Ids all;
      for (bool more = true; more;) {
        const Answer answer = Ask(store_, page);
        all.insert(all.end(), answer.ids.begin(), answer.ids.end());
        page.snapshot_id = answer.result.snapshot_id;
        if (!all.empty()) page.after_id = all.back();
        more = answer.result.more;
      }
      Ids expected = {1, 2, 3, 4, 5, 6, 7, 8, 9};
      if (order == ScanOrder::kNewestFirst) std::reverse(expected.begin(), expected.end());
      EXPECT_EQ(all, expected) << limit;
    }
  }
}

TEST_F(RunQueryTest, SnapshotHidesLaterRecords) {
  options_.order = ScanOrder::kOldestFirst;
  options_.snapshot_id = 4;
  const Answer answer = Ask(store_, options_);
  EXPECT_EQ(answer.ids, (Ids{1, 2, 3, 4}));
  EXPECT_EQ(answer.result.snapshot_id, 4u);
}

TEST_F(RunQueryTest, RecordsThatArriveWhileItRunsDoNotAppear) {
  options_.order = ScanOrder::kOldestFirst;
  store_.on_next = [&](std::size_t batch) {
    if (batch == 0) store_.AddBatch({MakeRecord("odd", 100)});
  };
  EXPECT_EQ(Ask(store_, options_).ids.size(), 9u);
}

TEST_F(RunQueryTest, SinkCanStop) {
  std::size_t calls = 0;
  const auto result = RunQuery(store_, options_, {}, [&](BatchView&, const std::vector<std::uint32_t>&) {
    ++calls;
    return false;
  });
  ASSERT_TRUE(result);
  EXPECT_EQ(calls, 1u);
  EXPECT_FALSE(result->more);
}

TEST_F(RunQueryTest, CancellationStopsBetweenBatches) {
  std::atomic<bool> cancelled{false};
  store_.on_next = [&](std::size_t batch) { cancelled = batch == 1; };
  const Answer answer = Ask(store_, options_, {&cancelled});
  EXPECT_EQ(answer.error, StoreErrc::kCancelled);
  EXPECT_EQ(answer.ids, (Ids{9, 8, 7, 6, 5, 4}));
  EXPECT_EQ(answer.cost.batches_read, 2u);
}

TEST_F(RunQueryTest, CancellationStopsInsideALargeBatch) {
  FakeStore large;
  large.AddBatch(std::vector<Record>(20'000, MakeRecord("x", 1)));
  std::atomic<bool> cancelled{false};
  QueryCost cost;
  options_.limit = 0;
  const auto result = RunQuery(
      large, options_, {&cancelled},
      [&](BatchView&, const std::vector<std::uint32_t>&) {
        cancelled = true;
        return true;
      },
      &cost);
  EXPECT_EQ(result.error(), StoreErrc::kCancelled);
  EXPECT_LT(cost.records_considered, 20'000u);
}

TEST_F(RunQueryTest, DeadlineStops) {
  QueryControl control;
  control.deadline = std::chrono::steady_clock::now();
  EXPECT_EQ(Ask(store_, options_, control).error, StoreErrc::kDeadline);
}

TEST_F(RunQueryTest, ErrorOfTheScanEndsIt) {
  store_.failing_batch = {1, StoreErrc::kIoError};
  const Answer answer = Ask(store_, options_);
  EXPECT_EQ(answer.error, StoreErrc::kIoError);
  EXPECT_EQ(answer.ids, (Ids{9, 8, 7}));
}

TEST_F(RunQueryTest, DamagedBatchIsLeftOut) {
  store_.damaged_batch = 1;
  EXPECT_EQ(Ask(store_, options_).ids, (Ids{9, 8, 7, 3, 2, 1}));
}

TEST_F(RunQueryTest, CostIsAddedUp) {
  QueryCost cost;
  const MatchSink ignore = [](BatchView&, const std::vector<std::uint32_t>&) { return true; };
  ASSERT_TRUE(RunQuery(store_, options_, {}, ignore, &cost));
  ASSERT_TRUE(RunQuery(store_, options_, {}, ignore, &cost));
  EXPECT_EQ(cost.batches_considered, 6u);
  EXPECT_EQ(cost.batches_read, 6u);
  EXPECT_EQ(cost.records_considered, 18u);
  EXPECT_EQ(cost.bytes_read, 600u);
  EXPECT_GT(cost.time.count(), 0);
}

}  // namespace
}  // namespace cistern
