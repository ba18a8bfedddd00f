#include <gmock/gmock.h>

#include "storage/sqlite/clock_guard.h"
#include "tests/unit/storage/sqlite/store_fixture.h"

namespace cistern {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using testing::kDay;
using testing::kHour;
using testing::kNoon;

class RetentionTest : public testing::StoreTest {
 protected:
  void AppendDays(int days) {
    for (int i = 0; i < days; ++i)
      MustAppend({"d" + std::to_string(i), "e" + std::to_string(i)}, kNoon + i * kDay);
  }
};

TEST_F(RetentionTest, DeletesWholeFilesOlderThanTheLimit) {
  now_ = kNoon + 4 * kDay;
  options_.retention.max_age = std::chrono::hours(48);
  Open();
  AppendDays(5);
  const std::vector<Gap> deleted = *store_->ApplyRetention();
  ASSERT_EQ(deleted.size(), 2u);
  EXPECT_EQ(ToInt(deleted[0].first), 1u);
  EXPECT_EQ(ToInt(deleted[1].last), 4u);
  EXPECT_EQ(deleted[0].records, 2u);
  EXPECT_THAT(ReadAll(), ElementsAre("d2", "e2", "d3", "e3", "d4", "e4"));
  EXPECT_EQ(ToInt(store_->first_id()), 5u);
  EXPECT_EQ(LogFiles("").size(), 3u + 2u) << "the open file has its -wal and -shm";
}

TEST_F(RetentionTest, OpenFileStaysHoweverOldItIs) {
  now_ = kNoon + 100 * kDay;
  options_.retention = {.max_age = std::chrono::hours(1), .max_bytes = 1};
  Open();
  AppendDays(2);
  EXPECT_EQ((*store_->ApplyRetention()).size(), 1u);
  EXPECT_THAT(ReadAll(), ElementsAre("d1", "e1"));
}

TEST_F(RetentionTest, DeletesTheOldestFilesWhenThereAreTooManyBytes) {
  Open();
  AppendDays(5);
  const std::uint64_t file_bytes = std::filesystem::file_size(LogPath(LogFiles().front()));
  const std::uint64_t open_bytes =
      std::filesystem::file_size(LogPath(LogFiles().back())) + store_->Stats().wal_bytes;
  store_->SetRetention({.max_bytes = open_bytes + 2 * file_bytes});
  EXPECT_EQ((*store_->ApplyRetention()).size(), 2u);
  EXPECT_EQ((*store_->ApplyRetention()).size(), 0u);
  EXPECT_EQ(ToInt(store_->first_id()), 5u);
}

TEST_F(RetentionTest, ReaderThatWasOvertakenIsToldExactlyHowMuchIsGone) {
  options_.recent_bytes = 0;
  options_.max_file_bytes = 1;
  Open();
  MustAppend({"1", "2", "3"});
  Crash();
  Open();  // ids go on much later: the count must not include them
  MustAppend({"4", "5"});
  MustAppend({"6"});
  const std::vector<std::string> all = ReadAll();
  ASSERT_EQ(all.size(), 6u);
  const std::vector<std::uint64_t> ids = ids_;
  EXPECT_GT(ids[3], 4u);

  const auto from_start = store_->NewScan({.id_min = 2});
  const auto fresh = store_->NewScan({});
  store_->SetRetention({.max_bytes = 1});
  ASSERT_EQ((*store_->ApplyRetention()).size(), 2u);
  EXPECT_THAT(Read(*from_start), ElementsAre("6"));
  const std::optional<Gap> gap = from_start->TakeGap();
  ASSERT_TRUE(gap.has_value());
  EXPECT_EQ(gap->records, 4u);
  EXPECT_EQ(ToInt(gap->first), 2u);
  EXPECT_EQ(ToInt(gap->last), ids[4]);
  EXPECT_FALSE(from_start->TakeGap().has_value());
  EXPECT_THAT(Read(*fresh), ElementsAre("6"));
  EXPECT_FALSE(fresh->TakeGap().has_value()) << "it had not begun, and asked for the oldest there is";
}

TEST_F(RetentionTest, GapsAreRememberedAfterARestart) {
  Open();
  AppendDays(4);
  store_->SetRetention({.max_bytes = 1});
  ASSERT_EQ((*store_->ApplyRetention()).size(), 3u);
  Crash();
  Open();
  const auto scan = store_->NewScan({.id_min = 3});
  EXPECT_THAT(Read(*scan), ElementsAre("d3", "e3"));
  EXPECT_EQ(scan->TakeGap()->records, 4u);
}

TEST_F(RetentionTest, ScanInTheMiddleOfADeletedFileGoesOnBehindIt) {
  options_.recent_bytes = 0;
  options_.block_records = 2;  // every commit is a block of its own
  Open();
  MustAppend({"a"}, kNoon);
  MustAppend({"b"}, kNoon + 1);
  MustAppend({"c"}, kNoon + kDay);
  const auto scan = store_->NewScan({});
  ASSERT_TRUE(*scan->Next());
  store_->SetRetention({.max_bytes = 1});
  ASSERT_EQ((*store_->ApplyRetention()).size(), 1u);
  EXPECT_THAT(Read(*scan), ElementsAre("c"));
  EXPECT_EQ(scan->TakeGap()->records, 1u);
}

TEST_F(RetentionTest, BlockOfADeletedFileSaysSoAndIsNoDamage) {
  options_.recent_bytes = 0;
  Open();
  AppendDays(2);
  const auto batch = std::move(*store_->NewScan({})->Next());
  store_->SetRetention({.max_bytes = 1});
  ASSERT_EQ((*store_->ApplyRetention()).size(), 1u);
  batch->Check();
  EXPECT_TRUE(batch->damaged());
  EXPECT_EQ(batch->Row(0).message, "");
  EXPECT_EQ(batch->Ints(Column::kReceived).size(), batch->size());
  EXPECT_EQ(batch->Strings(Column::kMessage)[1], "");
  EXPECT_EQ(store_->Stats().quarantined_batches, 0u);
  EXPECT_TRUE(warnings_.empty());
}

TEST_F(RetentionTest, ClockThatJumpsSuspendsAgeButNotBytes) {
  options_.retention.max_age = std::chrono::hours(24);
  Open();
  AppendDays(3);
  now_ += 365 * kDay;
  EXPECT_THAT(*store_->ApplyRetention(), IsEmpty());
  EXPECT_THAT(*store_->ApplyRetention(), IsEmpty());
  store_->SetRetention({.max_age = std::chrono::hours(24), .max_bytes = 1});
  EXPECT_EQ((*store_->ApplyRetention()).size(), 2u);
}

TEST(ClockGuard, SuspendsForADayAfterAJumpInEitherDirection) {
  for (const std::int64_t jump : {2 * kHour, -2 * kHour}) {
    ClockGuard guard;
    guard.Observe(kNoon, 100);
    EXPECT_FALSE(guard.suspended(100));
    guard.Observe(kNoon + kHour / 2, 100) /* slewed a little */;
    EXPECT_FALSE(guard.suspended(100));
    guard.Observe(kNoon + kHour / 2 + jump, 200);
    EXPECT_TRUE(guard.suspended(200));
    guard.Observe(kNoon + kHour / 2 + jump, 300);
    EXPECT_TRUE(guard.suspended(200 + kDay - 1));
    EXPECT_FALSE(guard.suspended(200 + kDay));
  }
}

TEST_F(RetentionTest, IdsAndFileNumbersAreNotUsedAgainAfterEverythingOldIsGone) {
  Open();
  AppendDays(3);
  store_->SetRetention({.max_bytes = 1});
  ASSERT_EQ((*store_->ApplyRetention()).size(), 2u);
  Open();
  MustAppend({"next"}, kNoon + 3 * kDay);
  EXPECT_THAT(LogFiles(), ElementsAre("000003-2026-11-22.db", "000004-2026-11-23.db"));
  (void)ReadAll();
  EXPECT_THAT(ids_, ElementsAre(5, 6, 7));
}

}  // namespace
}  // namespace cistern
