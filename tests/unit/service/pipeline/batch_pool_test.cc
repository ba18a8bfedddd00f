#include "service/pipeline/batch_pool.h"

#include <gtest/gtest.h>

#include <utility>

namespace cistern {
namespace {

std::unique_ptr<RecordBatch> Marked(std::unique_ptr<RecordBatch> batch) {
  batch->records().reserve(100);  // to know it again by
  return batch;
}

TEST(BatchPoolTest, BatchesStayAsLongAsTheyAreNeeded) {
  BatchPool pool;
  std::vector<std::unique_ptr<RecordBatch>> batches;
  for (int i = 0; i < 3; ++i) batches.push_back(pool.Take());
  for (auto& batch : batches) pool.GiveBack(Marked(std::move(batch)));
  const auto pooled = [&] {
    std::vector<std::unique_ptr<RecordBatch>> taken;
    while (taken.empty() || taken.back()->records().capacity() != 0) taken.push_back(pool.Take());
    taken.pop_back();
    const std::size_t count = taken.size();
    for (auto& batch : taken) pool.GiveBack(std::move(batch));
    return count;
  };
  pool.Trim();
  pool.GiveBack(pool.Take());
  pool.Trim();
  EXPECT_EQ(pooled(), 1u) << "two were not needed";
  pool.Trim();
  EXPECT_EQ(pooled(), 1u) << "it was needed";
}

TEST(BatchPoolTest, BatchesOfACommitComeBackTogetherAndEmpty) {
  auto pool = std::make_shared<BatchPool>();
  auto committed = std::make_shared<CommittedBatches>(pool);
  RecordBatch* const batch = committed->Add(Marked(pool->Take()));
  batch->records().emplace_back();
  std::shared_ptr<const void> reader = committed;
  committed.reset();
  EXPECT_EQ(pool->Take()->records().capacity(), 0u) << "somebody reads it";
  EXPECT_EQ(batch->size(), 1u);
  reader.reset();
  const auto again = pool->Take();
  EXPECT_EQ(again.get(), batch);
  EXPECT_TRUE(again->empty());
}

}  // namespace
}  // namespace cistern
