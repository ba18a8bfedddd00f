// Commits in the form in which they came: who gets them, how long they are kept; also run under the thread
// sanitizer.
#include <gmock/gmock.h>

#include <thread>

#include "storage/sqlite/recent_commits.h"
#include "tests/unit/storage/sqlite/store_fixture.h"

namespace cistern {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using testing::kDay;
using testing::kNoon;

RecentCommits::Commit Commit(std::uint64_t first, std::uint64_t last, std::uint64_t bytes) {
  auto commit = std::make_shared<ReceivedCommit>();
  commit->first_id = RecordId{first};
  commit->last_id = RecordId{last};
  commit->bytes = bytes;
  return commit;
}

TEST(RecentCommits, NothingIsKeptUntilSomebodyAsks) {
  RecentCommits recent(100);
  EXPECT_EQ(recent.Add(Commit(1, 2, 10)).size(), 1u);
  EXPECT_EQ(recent.Holding(1), nullptr);
  EXPECT_THAT(recent.Add(Commit(3, 4, 10)), IsEmpty());
  EXPECT_EQ(recent.Holding(2), nullptr);
  EXPECT_NE(recent.Holding(3), nullptr);
  EXPECT_EQ(recent.Holding(3), recent.Holding(4));
  EXPECT_EQ(recent.Holding(5), nullptr);
}

TEST(RecentCommits, OldestLeaveAndTheNewestStaysWhateverItsSize) {
  RecentCommits recent(100);
  (void)recent.Holding(1);
  EXPECT_THAT(recent.Add(Commit(1, 1, 60)), IsEmpty());
  EXPECT_THAT(recent.Add(Commit(2, 2, 40)), IsEmpty());
  EXPECT_EQ(recent.Add(Commit(3, 3, 1)).size(), 1u);
  EXPECT_EQ(recent.Holding(1), nullptr);
  EXPECT_EQ(recent.Add(Commit(7, 9, 1000)).size(), 2u);
  EXPECT_EQ(recent.Holding(3), nullptr);
  EXPECT_EQ(recent.Holding(6), nullptr) << "ids that nobody has";
  EXPECT_NE(recent.Holding(8), nullptr);
  EXPECT_EQ(recent.DropThrough(7).size(), 1u) << "a part of it is gone";
}

TEST(RecentCommits, NothingIsKeptWhenNobodyAsksAnyMore) {
  RecentCommits recent(100);
  (void)recent.Holding(1);
  EXPECT_THAT(recent.Add(Commit(1, 1, 10)), IsEmpty());
  EXPECT_THAT(recent.DropUnasked(), IsEmpty());
  EXPECT_EQ(recent.DropUnasked().size(), 1u);
  EXPECT_EQ(recent.Add(Commit(2, 2, 10)).size(), 1u);
}

class ReceivedTest : public testing::StoreTest {
 protected:
  ReceivedTest() { options_.block_records = 8; }  // each commit counts as a large one
  // One commit in a few batches; what keeps them, for a look at how long they live.
  std::weak_ptr<const void> AppendOwned(const std::vector<std::string>& texts, std::int64_t received = kNoon,
                                        std::uint32_t flags = 0) {
    auto owner = std::make_shared<std::vector<std::unique_ptr<RecordBatch>>>();
    std::vector<RecordBatch*> batches;
    for (std::size_t i = 0; i < texts.size(); ++i) {
      if (i % 3 == 0) batches.push_back(owner->emplace_back(std::make_unique<RecordBatch>()).get());
      if (i == 3) batches.push_back(owner->emplace_back(std::make_unique<RecordBatch>()).get());
      testing::AddRecord(*batches.back(), texts[i], received).flags = flags;
    }
    const std::weak_ptr<const void> held = owner;
    const auto done = store_->Append(batches, {}, std::move(owner));
    EXPECT_TRUE(done.has_value()) << done.error().message();
    return held;
  }
  std::unique_ptr<Scan> Follow(std::uint64_t id_min = 1) {
    return store_->NewScan({.id_min = id_min, .as_received = true});
  }
};

TEST_F(ReceivedTest, BatchesAreTheCallersAgainWhenNobodyFollows) {
  Open();
  EXPECT_TRUE(AppendOwned({"a"}).expired());
  EXPECT_THAT(Read(*store_->NewScan({})), ElementsAre("a"));
  EXPECT_TRUE(AppendOwned({"b"}).expired()) << "others do not ask for this form";
}

TEST_F(ReceivedTest, AFollowerGetsTheRecordsThemselves) {
  Open();
  const auto scan = Follow();
  EXPECT_THAT(Read(*scan), IsEmpty());
  const auto held = AppendOwned({"1", "2", "3", "4", "5"});
  EXPECT_FALSE(held.expired());
  auto batch = std::move(*scan->Next());
  ASSERT_NE(batch, nullptr);
  EXPECT_EQ(batch->size(), 5u);
  EXPECT_EQ(batch->encoded_bytes(), 0u);
  EXPECT_EQ(ToInt(batch->first_id()), 1u);
  EXPECT_EQ(ToInt(batch->last_id()), 5u);
  EXPECT_EQ(batch->Strings(Column::kMessage)[3], "4");
  EXPECT_EQ(batch->min_received(), kNoon);
  store_->Idle();
  store_->Idle();
  EXPECT_FALSE(held.expired()) << "it is being read";
  EXPECT_EQ(batch->Row(4).message, "5");
  batch.reset();
  EXPECT_TRUE(held.expired());
  EXPECT_THAT(Read(*scan), IsEmpty());
}

TEST_F(ReceivedTest, SmallCommitsAndSmallBatchesAreNotKept) {
  options_.block_records = 8192;
  Open();
  EXPECT_THAT(Read(*Follow()), IsEmpty());
  const auto append = [&](std::size_t batches, std::size_t each) {
    auto owner = std::make_shared<std::vector<RecordBatch>>(batches);
    std::vector<RecordBatch*> pointers;
    for (RecordBatch& batch : *owner) {
      for (std::size_t i = 0; i < each; ++i) testing::AddRecord(batch, "m", kNoon);
      pointers.push_back(&batch);
    }
    const std::weak_ptr<const void> held = owner;
    EXPECT_TRUE(store_->Append(pointers, {}, std::move(owner)));
    return !held.expired();
  };
  EXPECT_FALSE(append(1, 1023));
  EXPECT_TRUE(append(1, 1024));
  EXPECT_TRUE(append(16, 64));
  EXPECT_FALSE(append(17, 63));
  EXPECT_FALSE(append(5000, 1));
}

TEST_F(ReceivedTest, RowsComeInPiecesThatATargetTakesInOneGo) {
  Open();
  EXPECT_THAT(Read(*Follow()), IsEmpty());
  auto owner = std::make_shared<RecordBatch>();
  for (int i = 0; i < 9000; ++i) testing::AddRecord(*owner, std::to_string(i), kNoon);
  RecordBatch* const batches[] = {owner.get()};
  ASSERT_TRUE(store_->Append(batches, {}, owner));
  const auto scan = Follow(2);
  std::vector<std::size_t> sizes;
  std::uint64_t next = 2;
  while (const auto batch = std::move(*scan->Next())) {
    EXPECT_EQ(ToInt(batch->first_id()), next);
    next += batch->size();
    EXPECT_EQ(batch->Row(batch->size() - 1).message, std::to_string(next - 2));
    sizes.push_back(batch->size());
  }
  EXPECT_THAT(sizes, ElementsAre(4096, 4096, 807));
}

TEST_F(ReceivedTest, ScansBeginInTheMiddleAndMixForms) {
  options_.received_bytes = 1;  // the newest commit only
  Open();
  MustAppend({"1", "2"});
  (void)Read(*Follow());
  const auto older = AppendOwned({"3", "4", "5", "6", "7"});
  const auto newer = AppendOwned({"8", "9", "10", "11", "12"});
  EXPECT_TRUE(older.expired());
  EXPECT_FALSE(newer.expired());
  EXPECT_THAT(Read(*Follow(7)), ElementsAre("3", "4", "5", "6", "7", "8", "9", "10", "11", "12"))
      << "the first batch reaches over the bound";
  EXPECT_THAT(Read(*Follow(11)), ElementsAre("11", "12"));
  EXPECT_THAT(ids_, ElementsAre(11, 12));
  const auto scan = Follow();
  EXPECT_THAT(Read(*scan), ElementsAre("1", "2", "3", "4", "5", "6", "7", "8", "9", "10", "11", "12"));
  MustAppend({"13"});
  AppendOwned({"14"});
  EXPECT_THAT(Read(*scan), ElementsAre("13", "14"));
}

TEST_F(ReceivedTest, ImportsAndWhatRetentionTookAreNotThere) {
  now_ = kNoon + 4 * kDay;
  options_.retention.max_age = std::chrono::hours(48);
  Open();
  const auto scan = Follow();
  EXPECT_THAT(Read(*scan), IsEmpty());
  const auto first = AppendOwned({"a", "b"});
  const auto second = AppendOwned({"c"}, now_);
  EXPECT_FALSE(first.expired());
  EXPECT_EQ((*store_->ApplyRetention()).size(), 1u);
  EXPECT_TRUE(first.expired());
  EXPECT_TRUE(AppendOwned({"old"}, kNoon - kDay, kFlagImported).expired());
  EXPECT_THAT(Read(*scan), ElementsAre("c", "old"));
  EXPECT_TRUE(scan->TakeGap() == std::nullopt) << "nothing was read before";
}

TEST_F(ReceivedTest, FollowersSeeEveryRecordOnceWhileItIsWritten) {
  options_.block_records = 40;
  options_.received_bytes = 20'000;
  options_.recent_bytes = 20'000;
  Open();
  constexpr std::uint64_t kTotal = 3000;
  const auto follow = [&] {
    FollowTo(kTotal, *Follow(), [](StoredBatch& batch, std::size_t row) {
      const Record record = batch.Row(row);
      ASSERT_EQ(record.message, std::to_string(ToInt(record.id)));
    });
  };
  std::thread one(follow), two(follow);
  std::mt19937_64 random(3);
  for (std::uint64_t next = 1; next <= kTotal;) {
    std::vector<std::string> texts;
    for (std::uint64_t n = 1 + random() % 60; n > 0 && next <= kTotal; --n)
      texts.push_back(std::to_string(next++));
    AppendOwned(texts);
    if (random() % 8 == 0) store_->Idle();
  }
  one.join();
  two.join();
  EXPECT_THAT(warnings_, IsEmpty());
}

}  // namespace
}  // namespace cistern
