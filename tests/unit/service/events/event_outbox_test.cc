// Records of events: what is in them, and that each is written once.
#include "service/events/event_outbox.h"

#include <chrono>
#include <map>

#include "ingest/message/tags.h"
#include "service/events/event_names.h"
#include "service/events/event_record.h"
#include "service/pipeline/pipeline.h"
#include "tests/unit/service/events/events_fixture.h"

namespace cistern {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::Pair;
using namespace testing;

using Tags = std::map<std::string, std::string>;

Tags TagsOf(const Record& record) {
  Tags tags;
  TagsReader reader(record.tags);
  while (const auto tag = reader.Next()) tags.emplace(tag->name, tag->value);
  return tags;
}

class OutboxTest : public EventsTest {
 protected:
  void Start() {
    pipeline_ = std::make_unique<Pipeline>(*store_, Pipeline::Options{});
    pipeline_->Start();
    events_->Start(*pipeline_);
  }
  // Everything is written when it returns.
  void Stop() {
    events_->Stop(std::chrono::steady_clock::now() + std::chrono::hours(1));
    pipeline_->Stop(std::chrono::steady_clock::now() + std::chrono::hours(1));
    pipeline_.reset();
  }
  void Run() {
    Start();
    Stop();
  }
  // Of all records, in order.
  std::vector<Tags> Written() {
    std::vector<Tags> out;
    const auto scan = store_->NewScan({});
    for (auto batch = scan->Next(); *batch != nullptr; batch = scan->Next()) {
      for (std::size_t row = 0; row < (*batch)->size(); ++row) out.push_back(TagsOf((*batch)->Row(row)));
    }
    return out;
  }
  std::vector<std::string> EventsWritten() {
    std::vector<std::string> out;
    for (const Tags& tags : Written()) out.push_back(tags.at("event") + " " + tags.at("event.state"));
    return out;
  }

  std::unique_ptr<Pipeline> pipeline_;
};

TEST(EventRecord, TellsWhatTheEventIs) {
  v1::Event event = MakeEvent("login-failed", "bob,web-1", {{"user", "bob"}, {"count", "not this one"}});
  event.set_id(12);
  event.set_state(v1::Event::STATE_OPEN);
  event.set_muted("silence:night");
  RecordBatch batch;
  AppendEventRecord(event, "here", kStart + 5 * kSecond, false, batch);
  const Record& record = batch.records().front();
  EXPECT_EQ(record.transport, Transport::kInternal);
  EXPECT_EQ(record.app_name, "cistern");
  EXPECT_EQ(record.hostname, "here");
  EXPECT_EQ(record.msgid, "login-failed");
  EXPECT_EQ(record.severity, 4);
  EXPECT_EQ(record.message, "login-failed of bob,web-1");
  EXPECT_EQ(record.time, kStart + kSecond);
  EXPECT_EQ(record.received, kStart + 5 * kSecond);
  EXPECT_THAT(
      TagsOf(record),
      ElementsAre(Pair("event", "12"), Pair("event.count", "3"),
                  Pair("event.first", "2025-10-09T08:53:20.000000000Z"), Pair("event.key", "bob,web-1"),
                  Pair("event.last", "2025-10-09T08:53:21.000000000Z"), Pair("event.muted", "silence:night"),
                  Pair("event.rule", "login-failed"), Pair("event.severity", "warning"),
                  Pair("event.state", "open"), Pair("event.user", "bob")));
}

TEST(EventRecord, LongNamesOfRulesAreWhole) {
  RecordBatch batch;
  AppendEventRecord(MakeEvent(std::string(63, 'r')), "here", kStart, true, batch);
  EXPECT_EQ(batch.records().front().msgid, std::string(63, 'r'));
  EXPECT_EQ(TagsOf(batch.records().front()).at("event.redelivered"), "1");
}

TEST_F(OutboxTest, EachEventIsWrittenAndKnowsItsRecord) {
  Start();
  Commit({Raised("a"), Raised("b")});
  events_->Raise(Raised("c"));
  events_->Raise(Resolved("c"));
  Stop();
  EXPECT_THAT(EventsWritten(), ElementsAre("1 open", "2 open", "3 open", "3 resolved"));
  EXPECT_EQ(Get(1).record_id(), 1u);
  EXPECT_EQ(Get(2).record_id(), 2u);
  EXPECT_EQ(Get(3).record_id(), 3u);
  EXPECT_EQ(*store_->CountObjects(kEventRowKind), 0u);
}

TEST_F(OutboxTest, LearningOfTheRecordIsNoChange) {
  Commit({Raised("a")});
  const std::uint64_t change = events_->last_change();
  Run();
  EXPECT_EQ(Get(1).record_id(), 1u);
  EXPECT_EQ(events_->last_change(), change);
  Reopen();
  EXPECT_EQ(events_->last_change(), change);
}

TEST_F(OutboxTest, TheBooksBalance) {
  Start();
  Commit({Raised("a"), Raised("b")});
  events_->Stop(std::chrono::steady_clock::now() + std::chrono::hours(1));
  const LedgerSnapshot books = pipeline_->ledger().Read();
  EXPECT_EQ(books.received[static_cast<std::size_t>(Transport::kInternal)], 2u);
  EXPECT_EQ(books.stored, 2u);
  EXPECT_EQ(books.in_flight(), 0u);
  Stop();
}

TEST_F(OutboxTest, ManyAreWrittenInOrder) {
  std::vector<EventChange> changes;
  for (int i = 0; i < 1000; ++i) changes.push_back(Raised("a", std::to_string(i)));
  Commit(changes);
  Run();
  const auto written = Written();
  ASSERT_EQ(written.size(), 1000u);
  for (std::size_t i = 0; i < written.size(); ++i) EXPECT_EQ(written[i].at("event"), std::to_string(i + 1));
  EXPECT_EQ(Get(1000).record_id(), 1000u);
}

TEST_F(OutboxTest, ARestartWritesWhatIsLeft) {
  Commit({Raised("a")});
  Reopen();
  Run();
  Reopen();
  Commit({Raised("b")});
  Run();
  Reopen();
  Run();
  EXPECT_THAT(EventsWritten(), ElementsAre("1 open", "2 open"));
}

// The process died behind the commit of the records and before it was noted.
TEST_F(OutboxTest, WhatTheLogHasIsNotWrittenAgain) {
  Commit({Raised("a"), Raised("b"), Resolved("b"), Raised("c")});
  const auto rows = ReadEventRows(*store_, 0, 3);
  RecordBatch batch;
  for (const EventRow& row : *rows) AppendEventRecord(row.row.event(), "here", now_, false, batch);
  RecordBatch* const batches[] = {&batch};
  const ClientSequence sequence[] = {{kEventClient, 3}};
  ASSERT_TRUE(store_->Append(batches, sequence));
  Reopen();
  EXPECT_EQ(Get(1).record_id(), 1u);
  EXPECT_EQ(Get(2).record_id(), 2u);  // not the one that tells of its end
  EXPECT_EQ(*store_->CountObjects(kEventRowKind), 1u);
  Run();
  EXPECT_THAT(EventsWritten(), ElementsAre("1 open", "2 open", "2 resolved", "3 open"));
}

// As after a restore from a backup.
TEST_F(OutboxTest, RowsThatTheLogKnowsAloneAreNotNumberedAgain) {
  RecordBatch batch;
  AppendEventRecord(MakeEvent("lost"), "here", now_, false, batch);
  RecordBatch* const batches[] = {&batch};
  const ClientSequence sequence[] = {{kEventClient, 10}};
  ASSERT_TRUE(store_->Append(batches, sequence));
  Reopen();
  Commit({Raised("a")});
  Run();
  EXPECT_THAT(List(), ElementsAre(11));
  EXPECT_EQ(Get(11).record_id(), 2u);
}

TEST_F(OutboxTest, RedeliveryWritesTheRecordAgainAndUnmuted) {
  v1::Silence silence;
  silence.set_name("s");
  silence.set_filter("tag.event:*");
  ToProto(now_ + kSecond, silence.mutable_end_time());
  ASSERT_TRUE(events_->PutSilence(silence));
  Commit({Raised("a")});
  ASSERT_TRUE(events_->Redeliver(std::vector<std::uint64_t>{1}, "tell them", "me"));
  Run();
  const auto written = Written();
  ASSERT_EQ(written.size(), 2u);
  EXPECT_THAT(written[0], Contains(Pair("event.muted", "silence:s")));
  EXPECT_THAT(written[1], Contains(Pair("event.redelivered", "1")));
  EXPECT_THAT(written[1], Not(Contains(Pair("event.muted", "silence:s"))));
  EXPECT_EQ(Get(1).record_id(), 2u);
  EXPECT_EQ(Get(1).muted(), "");
}

TEST_F(OutboxTest, AFullDiskDelaysRecords) {
  Commit({Raised("a")});
  store_->FailWith(StoreErrc::kDiskFull);
  Start();
  while (store_->failed_appends() == 0) std::this_thread::yield();
  store_->FailWith({});
  Stop();
  EXPECT_THAT(EventsWritten(), ElementsAre("1 open"));
}

// Nothing is written while the pipeline does not run.
TEST_F(OutboxTest, ChangesWaitWhileTooManyRecordsDo) {
  pipeline_ = std::make_unique<Pipeline>(*store_, Pipeline::Options{});
  events_->Start(*pipeline_);
  std::vector<EventChange> changes;
  for (std::uint64_t i = 0; i < EventStore::kMostRows; ++i)
    changes.push_back(Raised("rule-" + std::to_string(i / 1000)));
  Commit(changes);
  StateChange also;
  also.cursors.emplace_back("detections", RecordId{5});
  EXPECT_EQ(events_->Commit({Raised("one-more")}, also).error(), StoreErrc::kBusy);
  EXPECT_FALSE(store_->GetCursor("detections"));
  EXPECT_EQ(events_->Resolve(std::vector<std::uint64_t>{1}, "", "me").error().store, StoreErrc::kBusy);
  EXPECT_EQ(events_->Raise(AddOnEvent{MakeEvent("add-on"), ""}).error().store, StoreErrc::kBusy);
  pipeline_->Start();
  while (!events_->Commit({Raised("one-more")}, also)) {
  }
  Stop();
  EXPECT_EQ(EventsWritten().size(), EventStore::kMostRows + 1);
}

// Who raised it is gone and cannot resolve it.
TEST_F(OutboxTest, WhatOnlyMemoryKnewIsResolvedAtTheNextStart) {
  Commit({Raised("detected")});
  Start();
  events_->Raise(Raised("limit", "x"));
  events_->Raise(Raised("limit", "y"));
  events_->Raise(Resolved("limit", "y"));
  Stop();
  const std::int64_t stopped = now_;
  now_ += kSecond;
  Reopen();
  EXPECT_EQ(Get(1).state(), v1::Event::STATE_OPEN);
  EXPECT_EQ(Get(2).state(), v1::Event::STATE_RESOLVED);
  EXPECT_EQ(Get(2).notes(0).who(), "cisternd");
  EXPECT_EQ(FromProto(Get(2).resolve_time()), now_);
  EXPECT_EQ(FromProto(Get(3).resolve_time()), stopped);
  EXPECT_EQ(Get(3).notes_size(), 0);
  Run();
  EXPECT_EQ(EventsWritten().back(), "2 resolved");
}

TEST_F(OutboxTest, AFullQueueOfSendersDoesNotKeepEventsOut) {
  Pipeline::Options options;
  options.queue.max_bytes = 1;
  pipeline_ = std::make_unique<Pipeline>(*store_, options);
  auto filling = pipeline_->NewBatch();
  AddMessage(*filling, "<13>1 - h a - - - from a sender");
  ASSERT_TRUE(pipeline_->TryPush(filling));
  ASSERT_FALSE(pipeline_->TryPush(filling = pipeline_->NewBatch())) << "the queue is full";
  events_->Start(*pipeline_);
  Commit({Raised("a")});
  while (pipeline_->ledger().Read().received_total() == 0) std::this_thread::yield();  // it is in the queue
  pipeline_->Start();
  Stop();
  EXPECT_EQ(Get(1).record_id(), 2u);
}

TEST_F(OutboxTest, WithoutRoomEventsAreCountedAsLost) {
  events_->Raise(Raised("a"));  // nothing runs
  EXPECT_EQ(events_->figures().lost, 1u);
}

}  // namespace
}  // namespace cistern
