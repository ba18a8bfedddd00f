// Readers and the writer at the same time; also run under the thread sanitizer.
#include <atomic>
#include <thread>

#include "tests/unit/storage/sqlite/store_fixture.h"

namespace cistern {
namespace {

using testing::kHour;
using testing::kNoon;

class ConcurrencyTest : public testing::StoreTest {};
// With blocks that are sealed all the time, and with none.
class SealingConcurrencyTest : public testing::StoreTest,
                               public ::testing::WithParamInterface<std::uint32_t> {};
INSTANTIATE_TEST_SUITE_P(BlockRecords, SealingConcurrencyTest, ::testing::Values(12, 40, 32768));

constexpr int kCommits = 300;

TEST_P(SealingConcurrencyTest, FollowersSeeEveryRecordOnceAndInOrder) {
  options_.block_records = GetParam();
  options_.recent_bytes = 20'000;  // followers fall out of memory now and then
  options_.max_file_bytes = 150'000;
  Open();
  const std::uint64_t total = kCommits * 3;
  const auto follow = [&] {
    FollowTo(total, *store_->NewScan({}), [](StoredBatch& batch, std::size_t row) {
      ASSERT_EQ(batch.Strings(Column::kMessage)[row].substr(0, 3), "msg");
    });
  };
  std::atomic<bool> stop{false};
  const auto query = [&] {
    while (!stop) {
      const auto scan =
          store_->NewScan({.order = ScanOrder::kNewestFirst, .id_max = ToInt(store_->last_id())});
      std::uint64_t before = UINT64_MAX;
      while (const auto batch = std::move(*scan->Next())) {
        ASSERT_LT(ToInt(batch->last_id()), before);
        before = ToInt(batch->first_id());
        if (BlockIndex* index = batch->index()) {
          ASSERT_FALSE(index->MayHoldWord("zz11zz"));
        }
      }
      ASSERT_TRUE(before == 1 || before == UINT64_MAX) << before;
      (void)store_->Stats();
      (void)store_->LastSequence("client");
    }
  };
  std::thread one(follow), two(follow), three(query);
  for (int i = 0; i < kCommits; ++i) {
    const auto done = Append({"msg" + std::string(500, 'x'), "msg", "msg" + std::to_string(i)},
                             kNoon + i * kHour / 10, {{"client", static_cast<std::uint64_t>(i + 1)}});
    EXPECT_TRUE(done.has_value()) << done.error().message();
    store_->Idle();
  }
  one.join();
  two.join();
  stop = true;
  three.join();
}

TEST_F(ConcurrencyTest, ReadersSurviveRetention) {
  options_.recent_bytes = 5'000;
  options_.max_file_bytes = 1;
  Open();
  store_->SetRetention({.max_bytes = 400'000});
  std::atomic<bool> done{false};
  std::uint64_t seen = 0, missed = 0;
  std::thread reader([&] {
    const auto scan = store_->NewScan({});
    bool last_round = false;
    while (true) {
      const auto batch = scan->Next();
      ASSERT_TRUE(batch.has_value()) << batch.error().message();
      if (const auto gap = scan->TakeGap()) missed += gap->records;
      if (*batch) {
        seen += (*batch)->size();
      } else if (last_round) {
        return;
      } else {
        last_round = done;
      }
    }
  });
  std::uint64_t deleted = 0;
  for (int i = 0; i < 60; ++i) {
    ASSERT_TRUE(Append({"m", "n"}));
    for (const Gap& gap : *store_->ApplyRetention()) deleted += gap.records;
  }
  done = true;
  reader.join();
  EXPECT_GT(deleted, 0u);
  // What was deleted before the first look is no gap; nothing else may be missing.
  EXPECT_LE(seen + missed, 120u);
  EXPECT_GE(seen + missed + deleted, 120u);
}

TEST_F(ConcurrencyTest, WakeWaitersEndsAWait) {
  Open();
  std::atomic<bool> returned{false};
  std::thread waiter([&] {
    store_->WaitForCommit(RecordId{0}, std::chrono::hours(1));
    returned = true;
  });
  while (!returned) {
    store_->WakeWaiters();
    std::this_thread::yield();
  }
  waiter.join();
}

}  // namespace
}  // namespace cistern
