#include "service/pipeline/ingest_queue.h"

#include <gtest/gtest.h>

#include <thread>

namespace cistern {
namespace {

using namespace std::chrono_literals;

IngestQueue::Limits Small() {
  IngestQueue::Limits limits;
  limits.max_bytes = 4096;
  limits.max_age = 1h;  // so that only the other reasons start a commit
  limits.commit_records = 10;
  limits.commit_bytes = 1 << 20;
  return limits;
}

QueueItem Item(std::size_t records) {
  QueueItem item;
  item.batch = std::make_unique<RecordBatch>();
  item.batch->records().resize(records);
  return item;
}

TEST(IngestQueueTest, WhatTheDaemonMadeHasRoomOfItsOwn) {
  IngestQueue queue(Small());
  const auto push = [&](bool own) {
    auto item = Item(100);
    item.own = own;
    return queue.TryPush(item);
  };
  while (push(false)) {
  }
  int own = 0;
  while (push(true)) ++own;
  EXPECT_GT(own, 1);
  EXPECT_LE(own * Item(100).batch->bytes(), IngestQueue::kOwnBytes + (64u << 10));
  std::size_t bytes = 0;
  for (auto taken = queue.Pop(0ns); !taken.empty(); taken = queue.Pop(0ns)) {
    for (const QueueItem& item : taken) bytes += item.batch->bytes();
  }
  queue.Release(bytes);
  EXPECT_EQ(queue.bytes(), 0u);
  EXPECT_TRUE(push(true));
}

TEST(IngestQueueTest, CommitStartsWhenEnoughRecordsWait) {
  IngestQueue queue(Small());
  auto first = Item(4);
  ASSERT_TRUE(queue.TryPush(first));
  EXPECT_TRUE(queue.Pop(0ns).empty());
  auto second = Item(6);
  ASSERT_TRUE(queue.TryPush(second));
  EXPECT_EQ(queue.Pop(0ns).size(), 2u);
}

TEST(IngestQueueTest, SomebodyWhoWaitsStartsACommitAtOnce) {
  IngestQueue queue(Small());
  auto item = Item(1);
  item.done = [](const boost::system::error_code&) {};
  ASSERT_TRUE(queue.TryPush(item));
  EXPECT_EQ(queue.Pop(0ns).size(), 1u);
}

TEST(IngestQueueTest, ImportedRecordsHaveCommitsOfTheirOwn) {
  IngestQueue queue(Small());
  for (const bool imported : {false, true, true, false}) {
    auto item = Item(1);
    item.imported = imported;
    ASSERT_TRUE(queue.TryPush(item));
  }
  queue.Close();
  EXPECT_EQ(queue.Pop(0ns).size(), 1u);
  EXPECT_EQ(queue.Pop(0ns).size(), 2u);
  EXPECT_EQ(queue.Pop(0ns).size(), 1u);
}

TEST(IngestQueueTest, AgeStartsACommit) {
  IngestQueue::Limits limits = Small();
  limits.max_age = 0ns;
  IngestQueue queue(limits);
  auto item = Item(1);
  ASSERT_TRUE(queue.TryPush(item));
  EXPECT_EQ(queue.Pop(1h).size(), 1u);
}

TEST(IngestQueueTest, FullQueueRefusesAndLeavesTheBatchAlone) {
  IngestQueue queue(Small());
  auto large = Item(100);
  ASSERT_TRUE(queue.TryPush(large));
  auto next = Item(3);
  EXPECT_FALSE(queue.TryPush(next));
  ASSERT_NE(next.batch, nullptr);
  EXPECT_EQ(next.batch->size(), 3u);
}

TEST(IngestQueueTest, FullQueueWakesWaitersOnceReleased) {
  IngestQueue queue(Small());
  auto large = Item(100);
  ASSERT_TRUE(queue.TryPush(large));
  int woken = 0;
  queue.NotifyWhenSpace([&] { ++woken; });
  auto taken = queue.Pop(0ns);  // full is due
  ASSERT_EQ(taken.size(), 1u);
  EXPECT_EQ(woken, 0) << "what is being written still counts";
  queue.Release(taken[0].batch->bytes());
  EXPECT_EQ(woken, 1);
  EXPECT_EQ(queue.bytes(), 0u);
}

TEST(IngestQueueTest, WaiterIsCalledAtOnceWhenThereIsSpace) {
  IngestQueue queue(Small());
  int woken = 0;
  queue.NotifyWhenSpace([&] { ++woken; });
  EXPECT_EQ(woken, 1);
}

TEST(IngestQueueTest, ClosedQueueHandsOutTheRestAndRefusesMore) {
  IngestQueue queue(Small());
  auto item = Item(1);
  ASSERT_TRUE(queue.TryPush(item));
  queue.Close();
  EXPECT_EQ(queue.Pop(1h).size(), 1u);
  EXPECT_TRUE(queue.Pop(1h).empty());
  auto late = Item(1);
  EXPECT_FALSE(queue.TryPush(late));
}

TEST(IngestQueueTest, PushWakesAWaitingWriter) {
  IngestQueue queue(Small());
  std::vector<QueueItem> taken;
  std::thread writer([&] { taken = queue.Pop(1h); });
  auto item = Item(10);
  ASSERT_TRUE(queue.TryPush(item));
  writer.join();
  EXPECT_EQ(taken.size(), 1u);
}

}  // namespace
}  // namespace cistern
