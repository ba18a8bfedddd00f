#include "service/pipeline/pipeline.h"

#include <gtest/gtest.h>

#include <future>

#include "tests/unit/service/flaky_store.h"
#include "tests/unit/service/temp_store.h"

namespace cistern {
namespace {

using std::chrono::steady_clock;
using namespace std::chrono_literals;

class PipelineTest : public ::testing::Test {
 protected:
  void Push(int messages) {
    auto batch = pipeline_.NewBatch();
    for (int i = 0; i < messages; ++i) AddMessage(*batch, "<13>1 - host app - - - hello");
    pipeline_.Received(Transport::kTcp, static_cast<std::uint64_t>(messages), 0);
    ASSERT_TRUE(pipeline_.TryPush(batch));
  }
  // Waits until the books are closed; the test's own time limit ends a hang.
  LedgerSnapshot AtRest() {
    for (;;) {
      const auto books = pipeline_.ledger().Read();
      if (books.in_flight() == 0) return books;
      std::this_thread::yield();
    }
  }

  TempFolder folder_;
  FlakyStore store_{OpenStore(folder_.path())};
  Pipeline pipeline_{store_, Pipeline::Options{}};
};

TEST_F(PipelineTest, EverythingReceivedIsStoredAndTheBooksBalance) {
  pipeline_.Start();
  Push(3);
  Push(4);
  const auto books = AtRest();
  EXPECT_EQ(books.stored, 7u);
  EXPECT_EQ(books.parsed[static_cast<std::size_t>(Format::kRfc5424)], 7u);
  EXPECT_EQ(store_.Stats().records, 7u);
  EXPECT_EQ(pipeline_.senders().size(), 1u);
}

TEST_F(PipelineTest, FullDiskKeepsTheBatchAndGoesOnByItself) {
  store_.FailWith(StoreErrc::kDiskFull);
  pipeline_.Start();
  Push(5);
  while (store_.failed_appends() < 2) std::this_thread::yield();
  EXPECT_TRUE(pipeline_.is_degraded());
  EXPECT_EQ(pipeline_.degraded(), "disk full");
  EXPECT_EQ(pipeline_.ledger().Read().in_flight(), 5u);
  store_.FailWith({});
  EXPECT_EQ(AtRest().stored, 5u);
  while (pipeline_.is_degraded()) std::this_thread::yield();
}

TEST_F(PipelineTest, DatagramsRefusedWhileTheDiskIsFullCountAsDiskFull) {
  store_.FailWith(StoreErrc::kDiskFull);
  pipeline_.Start();
  Push(1);
  while (!pipeline_.is_degraded()) std::this_thread::yield();
  pipeline_.Dropped(DropReason::kQueueFull, 3);
  EXPECT_EQ(pipeline_.ledger().Read().dropped[static_cast<std::size_t>(DropReason::kDiskFull)], 3u);
}

TEST_F(PipelineTest, DeniedDatagramsCloseTheBooks) {
  pipeline_.Start();
  pipeline_.Received(Transport::kUdp, 4, 100);
  pipeline_.DatagramsDenied("udp", "192.0.2.1:514", 4);
  const auto books = pipeline_.ledger().Read();
  EXPECT_EQ(books.dropped[static_cast<std::size_t>(DropReason::kDenied)], 4u);
  EXPECT_EQ(books.in_flight(), 0u);
  EXPECT_STREQ(DropStage(DropReason::kDenied), "ingest");
}

TEST_F(PipelineTest, IoErrorReopensTheStore) {
  store_.FailWith(StoreErrc::kIoError);
  pipeline_.Start();
  Push(2);
  while (store_.reopens() == 0) std::this_thread::yield();
  store_.FailWith({});
  EXPECT_EQ(AtRest().stored, 2u);
}

TEST_F(PipelineTest, WhatCannotBeCommittedBeforeTheDeadlineIsCounted) {
  store_.FailWith(StoreErrc::kDiskFull);
  pipeline_.Start();
  Push(6);
  pipeline_.Stop(steady_clock::now());
  const auto books = pipeline_.ledger().Read();
  EXPECT_EQ(books.dropped[static_cast<std::size_t>(DropReason::kShutdown)], 6u);
  EXPECT_EQ(books.in_flight(), 0u);
}

// Else the client would hear that everything up to its second batch is stored.
TEST_F(PipelineTest, BehindABatchThatWasGivenUpNothingIsStored) {
  store_.FailWith(StoreErrc::kDiskFull);
  std::vector<bool> failed;
  const auto push = [&](std::uint64_t sequence) {
    QueueItem item;
    item.batch = pipeline_.NewBatch();
    AddMessage(*item.batch, "hello");
    item.sequence = {"client", sequence};
    item.done = [&](const boost::system::error_code& error) {
      failed.push_back(error.failed());
      store_.FailWith({});
    };
    ASSERT_TRUE(pipeline_.TryPushAcknowledged(item));
  };
  pipeline_.Start();
  push(1);
  while (store_.failed_appends() == 0) std::this_thread::yield();
  push(2);
  pipeline_.Stop(steady_clock::now());
  EXPECT_EQ(failed, std::vector<bool>({true, true}));
  EXPECT_EQ(store_.LastSequence("client"), 0u);
}

TEST_F(PipelineTest, StopCommitsWhatIsQueued) {
  pipeline_.Start();
  for (int i = 0; i < 50; ++i) Push(10);
  pipeline_.Stop(steady_clock::now() + 1h);
  EXPECT_EQ(pipeline_.ledger().Read().stored, 500u);
}

TEST_F(PipelineTest, AcknowledgementComesAfterTheCommitWithItsSequence) {
  pipeline_.Start();
  std::promise<boost::system::error_code> done;
  QueueItem item;
  item.batch = pipeline_.NewBatch();
  AddMessage(*item.batch, "hello");
  item.sequence = {"client", 7};
  item.done = [&](const boost::system::error_code& error) { done.set_value(error); };
  ASSERT_TRUE(pipeline_.TryPushAcknowledged(item));
  EXPECT_FALSE(done.get_future().get());
  EXPECT_EQ(store_.Stats().records, 1u);
  EXPECT_EQ(store_.LastSequence("client"), 7u);
}

}  // namespace
}  // namespace cistern
