#include <gtest/gtest.h>

#include <random>

#include "tests/unit/storage/query/query_fixture.h"

namespace cistern {
namespace {

Record Late(std::int64_t received_seconds, std::int64_t behind_seconds) {
  Record record = MakeRecord("x", received_seconds);
  record.time = record.received - behind_seconds * kSecond;
  return record;
}

QueryOptions ByEvent(std::uint64_t limit) {
  QueryOptions options;
  options.axis = TimeAxis::kEvent;
  options.limit = limit;
  return options;
}

TEST(EventTimeTest, IsTheMessageTimeWithinTheSkew) {
  constexpr std::chrono::nanoseconds kSkew{100};
  EXPECT_EQ(EventTime(900, 1000, kSkew), 900);
  EXPECT_EQ(EventTime(1100, 1000, kSkew), 1100);
  EXPECT_EQ(EventTime(899, 1000, kSkew), 1000);
  EXPECT_EQ(EventTime(1101, 1000, kSkew), 1000);
  EXPECT_EQ(EventTime(kNoTime, 1000, kSkew), 1000);
  EXPECT_EQ(EventTime(INT64_MIN + 1, INT64_MAX, kSkew), INT64_MAX);
}

TEST(EventOrder, SortsByEventTimeThenId) {
  FakeStore store;
  store.AddBatch({Late(10, 0), Late(11, 0), Late(12, 6)});      // 10, 11, 6
  store.AddBatch({Late(20, 9), Late(21, 1000), Late(22, 12)});  // 11, 21: not believed, 10
  EXPECT_EQ(Ask(store, ByEvent(10)).ids, (Ids{5, 4, 2, 6, 1, 3}));
  QueryOptions oldest = ByEvent(10);
  oldest.order = ScanOrder::kOldestFirst;
  EXPECT_EQ(Ask(store, oldest).ids, (Ids{3, 1, 6, 2, 4, 5}));
}

TEST(EventOrder, NeedsALimit) {
  FakeStore store;
  EXPECT_EQ(Ask(store, ByEvent(0)).error, QueryErrc::kBadLimit);
  EXPECT_EQ(Ask(store, ByEvent(10'001)).error, QueryErrc::kBadLimit);
  EXPECT_FALSE(Ask(store, ByEvent(10'000)).error);
}

TEST(EventOrder, BoundsMeanEventTime) {
  FakeStore store;
  store.AddBatch({Late(10, 0), Late(11, 5), Late(12, 0)});
  QueryOptions options = ByEvent(10);
  options.from = kStart + 6 * kSecond;
  options.to = kStart + 12 * kSecond;
  EXPECT_EQ(Ask(store, options).ids, (Ids{1, 2}));
}

TEST(EventOrder, AgreesWithSortingEverything) {
  std::mt19937 random(5);
  FakeStore store;
  std::vector<std::pair<std::int64_t, std::uint64_t>> all;
  for (int b = 0; b < 40; ++b) {
    std::vector<Record> records;
    for (int i = 0; i < 50; ++i) {
      records.push_back(Late(b * 10 + i / 5, static_cast<std::int64_t>(random() % 400)));
      all.emplace_back(EventTime(records.back().time, records.back().received, std::chrono::minutes(5)),
                       all.size() + 1);
    }
    store.AddBatch(std::move(records));
  }
  std::sort(all.begin(), all.end());
  for (const std::uint64_t limit : {1u, 7u, 256u, 257u, 700u, 2000u, 3000u}) {
    for (const auto order : {ScanOrder::kOldestFirst, ScanOrder::kNewestFirst}) {
      Ids expected;
      for (const auto& entry : all) expected.push_back(entry.second);
      if (order == ScanOrder::kNewestFirst) std::reverse(expected.begin(), expected.end());
      expected.resize(std::min<std::size_t>(limit, expected.size()));
      QueryOptions options = ByEvent(limit);
      options.order = order;
      const Answer answer = Ask(store, options);
      EXPECT_EQ(answer.ids, expected);
      EXPECT_EQ(answer.result.more, limit < all.size());
    }
  }
}

TEST(EventOrder, SkipsBatchesThatCannotHelp) {
  FakeStore store;
  for (int b = 0; b < 100; ++b) store.AddBatch(std::vector<Record>(3, Late(b * 1000, 0)));
  const Answer answer = Ask(store, ByEvent(2));
  EXPECT_EQ(answer.ids, (Ids{300, 299}));
  EXPECT_LT(answer.cost.batches_read, 5u);
}

}  // namespace
}  // namespace cistern
