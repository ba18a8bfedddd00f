#include "storage/query/query_pool.h"

#include <gtest/gtest.h>

#include <atomic>
#include <latch>

#include "tests/unit/storage/query/query_fixture.h"

namespace cistern {
namespace {

TEST(QueryPoolTest, RefusesWorkBeyondItsPlaces) {
  std::latch open(1);
  std::atomic<int> done{0};
  {
    QueryPool pool(1);
    const auto wait = [&] {
      open.wait();
      ++done;
    };
    for (std::size_t i = 0; i < QueryPool::kMaxAhead; ++i) EXPECT_TRUE(pool.TryPost(wait));
    EXPECT_FALSE(pool.TryPost(wait));
    open.count_down();
    while (!pool.TryPost(wait)) std::this_thread::yield();
  }
  EXPECT_GE(done.load(), static_cast<int>(QueryPool::kMaxAhead));
}

// Batches large enough for the pool.
class PooledQueryTest : public testing::Test {
 protected:
  static constexpr std::size_t kRows = 5000;
  PooledQueryTest() {
    for (int b = 0; b < 20; ++b) {
      std::vector<Record> records(kRows, MakeRecord(b % 2 ? "odd" : "even", b));
      records[7].message = "rare";
      store_.AddBatch(std::move(records));
    }
    options_.limit = 0;
    options_.order = ScanOrder::kOldestFirst;
    control_.pool = &pool_;
  }

  FakeStore store_;
  QueryPool pool_{2};
  QueryOptions options_;
  QueryControl control_;
};

TEST_F(PooledQueryTest, RowsComeInOrder) {
  options_.filter = *Filter::Parse("rare");
  Ids expected;
  for (std::uint64_t b = 0; b < 20; ++b) expected.push_back(b * kRows + 8);
  EXPECT_EQ(Ask(store_, options_, control_).ids, expected);
  options_.order = ScanOrder::kNewestFirst;
  std::reverse(expected.begin(), expected.end());
  EXPECT_EQ(Ask(store_, options_, control_).ids, expected);
}

TEST_F(PooledQueryTest, CountsAgreeWithOneThread) {
  AggregateOptions options;
  options.filter = *Filter::Parse("odd OR rare");
  QueryCost alone, helped;
  const auto expected = RunAggregate(store_, options, {}, &alone);
  const auto count = RunAggregate(store_, options, control_, &helped);
  ASSERT_TRUE(expected && count);
  EXPECT_EQ(count->count, expected->count);
  EXPECT_EQ(count->count, 10 * kRows + 10);
  EXPECT_EQ(helped.records_considered, alone.records_considered);
}

TEST_F(PooledQueryTest, LimitInReachReadsNoFurtherBatch) {
  std::size_t given = 0;
  store_.on_next = [&](std::size_t) { ++given; };
  options_.limit = 100;
  EXPECT_EQ(Ask(store_, options_, control_).ids.size(), 100u);
  EXPECT_EQ(given, 1u);
}

TEST_F(PooledQueryTest, ErrorOfTheScanComesBehindWhatWasFound) {
  options_.filter = *Filter::Parse("rare");
  store_.failing_batch = {9, StoreErrc::kIoError};
  const Answer answer = Ask(store_, options_, control_);
  EXPECT_EQ(answer.error, StoreErrc::kIoError);
  EXPECT_EQ(answer.ids.size(), 9u);
}

TEST_F(PooledQueryTest, StoppingTheSinkLeavesNothingBehind) {
  options_.filter = *Filter::Parse("rare");
  std::size_t calls = 0;
  const auto result = RunQuery(store_, options_, control_,
                               [&](BatchView&, const std::vector<std::uint32_t>&) { return ++calls < 3; });
  ASSERT_TRUE(result);
  EXPECT_EQ(calls, 3u);
}

TEST_F(PooledQueryTest, CancellationStops) {
  options_.filter = *Filter::Parse("rare");
  std::atomic<bool> cancelled{false};
  control_.cancelled = &cancelled;
  store_.on_next = [&](std::size_t batch) { cancelled = batch == 6; };
  EXPECT_EQ(Ask(store_, options_, control_).error, StoreErrc::kCancelled);
}

}  // namespace
}  // namespace cistern
