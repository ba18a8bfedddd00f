#include "storage/sqlite/recent_batches.h"

#include <gtest/gtest.h>

namespace cistern {
namespace {

RecentBatch Batch(std::uint64_t first, std::uint64_t last, std::size_t bytes) {
  return {{.records = last - first + 1, .first_id = RecordId{first}, .last_id = RecordId{last}},
          std::make_shared<const std::string>(bytes, 'x'),
          nullptr};
}

std::uint64_t FirstOf(const RecentBatch* batch) {
  return batch == nullptr ? 0 : ToInt(batch->summary.first_id);
}

TEST(RecentBatches, CoversEverythingSinceTheStart) {
  RecentBatches recent(1000);
  recent.Reset(10);
  EXPECT_EQ(recent.covered_from(), 10u);
  EXPECT_EQ(recent.AtOrAfter(10), nullptr);
  recent.Add(Batch(10, 12, 100));
  recent.Add(Batch(13, 13, 100));
  EXPECT_EQ(recent.covered_from(), 10u);
  EXPECT_EQ(FirstOf(recent.AtOrAfter(12)), 10u);
  EXPECT_EQ(FirstOf(recent.AtOrAfter(13)), 13u);
  EXPECT_EQ(FirstOf(recent.AtOrAfter(14)), 0u);
  EXPECT_EQ(FirstOf(recent.AtOrBefore(9)), 0u);
  EXPECT_EQ(FirstOf(recent.AtOrBefore(12)), 10u);
  EXPECT_EQ(FirstOf(recent.AtOrBefore(99)), 13u);
}

TEST(RecentBatches, OldestLeaveFirst) {
  RecentBatches recent(250);
  recent.Reset(1);
  for (std::uint64_t id = 1; id <= 4; ++id) recent.Add(Batch(id, id, 100));
  EXPECT_EQ(recent.covered_from(), 3u);
  EXPECT_EQ(FirstOf(recent.AtOrBefore(2)), 0u);
}

TEST(RecentBatches, BatchThatIsTooLargeIsNotKept) {
  RecentBatches recent(50);
  recent.Reset(1);
  recent.Add(Batch(1, 5, 100));
  EXPECT_EQ(recent.covered_from(), 6u);
  EXPECT_EQ(recent.AtOrAfter(6), nullptr);
}

TEST(RecentBatches, DroppedIdsAreNoLongerCovered) {
  RecentBatches recent(1000);
  recent.Reset(1);
  recent.Add(Batch(1, 5, 100));
  recent.Add(Batch(6, 9, 100));
  recent.DropThrough(5);
  EXPECT_EQ(recent.covered_from(), 6u);
  EXPECT_EQ(FirstOf(recent.AtOrAfter(6)), 6u);
}

TEST(RecentBatches, OtherFormTakesThePlaceOfTheSameRecords) {
  RecentBatches recent(1000);
  recent.Reset(1);
  recent.Add(Batch(1, 5, 100));
  recent.Add(Batch(6, 9, 100));
  recent.Add(Batch(10, 12, 100));
  recent.Replace({Batch(1, 4, 10), Batch(5, 9, 10)});
  EXPECT_EQ(FirstOf(recent.AtOrAfter(1)), 1u);
  EXPECT_EQ(FirstOf(recent.AtOrAfter(5)), 5u);
  EXPECT_EQ(FirstOf(recent.AtOrBefore(9)), 5u);
  EXPECT_EQ(FirstOf(recent.AtOrAfter(10)), 10u);
  EXPECT_EQ(recent.covered_from(), 1u);
  for (std::uint64_t id = 13; id <= 20; ++id) recent.Add(Batch(id, id, 100));
  EXPECT_EQ(recent.covered_from(), 1u) << "the old form is not counted any more";
}

TEST(RecentBatches, OtherFormOfWhatIsHereInPartIsLetGo) {
  RecentBatches recent(250);
  recent.Reset(1);
  for (std::uint64_t id = 1; id <= 4; ++id) recent.Add(Batch(id, id, 100));
  recent.Replace({Batch(1, 3, 10)});
  EXPECT_EQ(recent.covered_from(), 4u);
  EXPECT_EQ(FirstOf(recent.AtOrAfter(4)), 4u);
  recent.Replace({Batch(1, 3, 10)});
  EXPECT_EQ(recent.covered_from(), 4u);
}

}  // namespace
}  // namespace cistern
