// Random queries and aggregates over a store of sealed blocks and small batches, against the naive evaluation
// of every record.
#include <gtest/gtest.h>

#include <map>

#include "storage/query/query_pool.h"
#include "tests/unit/storage/fake_block.h"
#include "tests/unit/storage/filter/generator.h"
#include "tests/unit/storage/query/query_fixture.h"
#include "tests/unit/storage/sealed_batch.h"

namespace cistern {
namespace {

using naive::Expr;
using naive::Generator;

class SealedDifferential : public testing::TestWithParam<unsigned> {
 protected:
  SealedDifferential() : generator_(GetParam()) {
    for (int b = 0; b < 6; ++b) {
      std::vector<Record> records;
      while (records.size() < 40) generator_.AddRecord(records);
      if (b == 2) records.resize(3);
      for (Record& record : records) record.received += std::int64_t{b} * 40 * kSecond;
      store_.AddBatch(records);
      for (const Record& record : store_.batch(store_.batches() - 1)) all_.push_back(record);
    }
    store_.make_batch = [this](std::span<const Record> records) -> std::unique_ptr<StoredBatch> {
      if (records.size() < 10) return std::make_unique<FakeBatch>(records);
      if (GetParam() % 2) return SealedBatch(records);
      return std::make_unique<FakeBlock>(records);
    };
  }

  void NextFilter() {
    expr_ = generator_.AnyExpr(all_, 2);
    text_ = naive::Print(expr_);
    from_ = INT64_MIN;
    to_ = INT64_MAX;
    if (generator_.OneIn(2)) from_ = all_[generator_.Below(all_.size())].received;
    if (generator_.OneIn(2)) to_ = all_[generator_.Below(all_.size())].received;
  }
  std::vector<Record> Expected() const {
    std::vector<Record> expected;
    for (const Record& record : all_) {
      if (record.received >= from_ && record.received < to_ && naive::Matches(expr_, record))
        expected.push_back(record);
    }
    return expected;
  }

  void CheckQuery(const Filter& filter, const std::vector<Record>& expected);
  void CheckAggregate(const Filter& filter, const std::vector<Record>& expected);

  Generator generator_;
  FakeStore store_;
  std::vector<Record> all_;
  QueryPool pool_{2};
  Expr expr_;
  std::string text_;
  std::int64_t from_ = 0, to_ = 0;
};

void SealedDifferential::CheckQuery(const Filter& filter, const std::vector<Record>& expected) {
  QueryOptions options;
  options.filter = filter;
  options.from = from_;
  options.to = to_;
  options.order = generator_.OneIn(2) ? ScanOrder::kNewestFirst : ScanOrder::kOldestFirst;
  options.limit = generator_.OneIn(3) ? 0 : 1 + generator_.Below(60);
  Ids ids;
  for (const Record& record : expected) ids.push_back(ToInt(record.id));
  if (options.order == ScanOrder::kNewestFirst) std::reverse(ids.begin(), ids.end());
  if (options.limit > 0 && ids.size() > options.limit) ids.resize(options.limit);
  QueryControl control;
  if (generator_.OneIn(2)) control.pool = &pool_;
  ASSERT_EQ(Ask(store_, options, control).ids, ids);
}

void SealedDifferential::CheckAggregate(const Filter& filter, const std::vector<Record>& expected) {
  AggregateOptions options;
  options.filter = filter;
  options.from = from_;
  options.to = to_;
  std::map<std::int64_t, std::uint64_t> buckets;
  std::map<std::string, std::uint64_t> apps;
  std::uint64_t without = 0;
  if (generator_.OneIn(2)) {
    options.bucket = generator_.OneIn(2) ? 50 * kSecond : 5000 * kSecond;
    for (const Record& record : expected) ++buckets[record.received / options.bucket * options.bucket];
  }
  if (generator_.OneIn(2)) {
    options.top_limit = 100;
    options.top_field = *ParseField(generator_.OneIn(2) ? "app" : "severity");
    const bool by_app = options.top_field.column == Column::kAppName;
    for (const Record& record : expected) {
      if (by_app && record.app_name.empty()) {
        ++without;
      } else {
        ++apps[std::string(by_app ? record.app_name : SeverityName(record.severity))];
      }
    }
  }
  QueryControl control;
  if (generator_.OneIn(2)) control.pool = &pool_;
  const auto result = RunAggregate(store_, options, control);
  ASSERT_TRUE(result);
  ASSERT_EQ(result->count, expected.size());
  ASSERT_EQ((std::map<std::int64_t, std::uint64_t>(result->histogram.begin(), result->histogram.end())),
            buckets);
  ASSERT_EQ((std::map<std::string, std::uint64_t>(result->top.begin(), result->top.end())), apps);
  ASSERT_EQ(result->without_value, without);
}

TEST_P(SealedDifferential, QueriesAndAggregatesAgreeWithTheNaiveEvaluator) {
  for (int round = 0; round < 200; ++round) {
    NextFilter();
    SCOPED_TRACE(text_);
    const auto filter = Filter::Parse(text_);
    ASSERT_TRUE(filter);
    const auto expected = Expected();
    CheckQuery(*filter, expected);
    CheckAggregate(*filter, expected);
    if (HasFatalFailure()) return;
  }
}

INSTANTIATE_TEST_SUITE_P(Seeds, SealedDifferential, testing::Range(1u, 6u));

}  // namespace
}  // namespace cistern
