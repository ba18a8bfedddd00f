#include "service/detect/runner.h"

#include <gmock/gmock.h>

#include <atomic>
#include <condition_variable>

#include "tests/unit/service/detect/detect_rig.h"
#include "tests/unit/service/temp_store.h"

namespace cistern::testing {
namespace {

constexpr char kThree[] = "rules: [{name: three, filter: x, threshold: {count: 3, window: 1d}}]";
constexpr char kEach[] = "rules: [{name: each, filter: x, match: {}}]";

class DetectionRunnerTest : public ::testing::Test {
 protected:
  DetectionRunnerTest() : store_(OpenStore(folder_.path())) {}
  ~DetectionRunnerTest() override { runner_.reset(); }

  void Start(const std::string& rules) {
    DetectionRunner::Options options;
    options.commit = [this](std::vector<EventChange> changes, StateChange also) {
      return Commit(changes, also);
    };
    // All that will ever be received is stored, as far as this test goes.
    options.settled = [this] { return settled_.load(); };
    options.clock = &WallNow;
    runner_ = std::make_unique<DetectionRunner>(*store_, options);
    runner_->SetRules(RulesOf(rules));
  }
  void Kill() {
    crashed_ = true;
    runner_.reset();
    crashed_ = false;
  }

  void Append(int count) {
    RecordBatch batch;
    for (int i = 0; i < count; ++i) AddMessage(batch, "<13>1 - host app - - - x");
    RecordBatch* const batches[] = {&batch};
    ASSERT_TRUE(store_->Append(batches, {}).has_value());
  }
  // As if nobody had sent anything for long.
  void LetTimePass() {
    settled_ = WallNow() + 60 * kSecond;
    store_->WakeWaiters();
  }

  template <class Done>
  void WaitUntil(const Done& done) {
    std::unique_lock lock(mutex_);
    EXPECT_TRUE(changed_.wait_for(lock, std::chrono::seconds(60), done));
  }
  void WaitForEvents(std::size_t count) {
    WaitUntil([&] { return events_.size() >= count; });
  }
  void WaitForState() {
    WaitUntil([&] { return position_ == store_->last_id(); });
  }

  Result<void> Commit(const std::vector<EventChange>& changes, const StateChange& also) {
    const std::lock_guard lock(mutex_);
    if (crashed_ || failures_ > 0 || events_.size() >= full_at_) {
      --failures_;
      return StoreErrc::kDiskFull;
    }
    if (auto done = store_->ChangeState(also); !done) return done.error();
    for (const EventChange& change : changes) events_.push_back(change.event);
    for (const auto& [name, position] : also.cursors) position_ = position;
    largest_ = std::max(largest_, changes.size());
    ++written_;
    changed_.notify_all();
    return {};
  }

  TempFolder folder_;
  std::unique_ptr<Store> store_;
  std::atomic<std::int64_t> settled_{INT64_MIN};
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<v1::Event> events_;
  RecordId position_{};
  int written_ = 0;
  std::size_t largest_ = 0, full_at_ = SIZE_MAX;  // changes of a commit; events from which on none succeeds
  std::atomic<int> failures_{0};
  std::atomic<bool> crashed_{false};
  std::unique_ptr<DetectionRunner> runner_;
};

TEST_F(DetectionRunnerTest, SeesOnlyWhatComesAfterTheRule) {
  Append(5);
  Start(kEach);
  Append(2);
  LetTimePass();
  WaitForEvents(2);
  runner_->Stop();
  EXPECT_EQ(events_.size(), 2u);
}

TEST_F(DetectionRunnerTest, GoesOnWhereItWasAfterAStopAndAfterACrash) {
  Start(kThree);
  Append(1);
  WaitForState();
  runner_->Stop();
  Start(kThree);
  Append(1);
  Kill();  // before or after it was written
  Append(1);
  Start(kThree);
  LetTimePass();
  WaitForEvents(1);
  EXPECT_EQ(events_[0].count(), 3u);
}

TEST_F(DetectionRunnerTest, WhatCouldNotBeWrittenIsWrittenLaterOnce) {
  Start(kEach);
  failures_ = 2;
  Append(3);
  LetTimePass();
  WaitForEvents(3);
  runner_->Stop();
  EXPECT_EQ(events_.size(), 3u);
}

TEST_F(DetectionRunnerTest, AnotherTextKeepsTheStateAnotherQuestionDoesNot) {
  Start(kThree);
  Append(2);
  WaitForState();
  auto rules = RulesOf(kThree);
  rules[0].set_description("now with a description");
  runner_->SetRules(rules);
  WaitUntil([this] { return written_ >= 2; });
  Append(1);
  LetTimePass();
  WaitForEvents(1);
  EXPECT_EQ(events_[0].count(), 3u);
  rules[0].mutable_threshold()->set_count(4);
  runner_->SetRules(rules);
  WaitUntil([this] { return !runner_->figures().rules.empty() && runner_->figures().rules[0].matched == 0; });
}

TEST_F(DetectionRunnerTest, ADamagedStateStartsAnew) {
  Start(kThree);
  Append(2);
  WaitForState();
  runner_->Stop();
  StateChange damage;
  damage.objects.push_back({"detection", "three", "nonsense", std::nullopt});
  ASSERT_TRUE(store_->ChangeState(damage).has_value());
  Start(kThree);
  WaitUntil([this] { return !runner_->figures().rules.empty(); });
  EXPECT_EQ(runner_->figures().rules[0].matched, 0u);
}

TEST_F(DetectionRunnerTest, TheStateOfARuleThatIsGoneGoes) {
  Start(kThree);
  WaitUntil([this] { return written_ > 0; });
  runner_->SetRules({});
  WaitUntil([this] { return written_ > 1; });
  runner_->Stop();
  EXPECT_FALSE(store_->GetObject("detection", "three")->has_value());
}

TEST_F(DetectionRunnerTest, EventsThatARuleWouldHaveResolvedAreResolvedWhenItIsGone) {
  Start("rules: [{name: each, filter: x, match: {event: {resolve_after: 1d}}}]");
  Append(1);
  LetTimePass();
  WaitForEvents(1);
  runner_->SetRules({});
  WaitForEvents(2);
  runner_->Stop();
  EXPECT_TRUE(events_[1].summary().empty());
  ASSERT_EQ(events_[1].notes_size(), 1);
  EXPECT_EQ(events_[1].notes(0).text(), "the rule was deleted, disabled or changed");
}

TEST_F(DetectionRunnerTest, AStormIsWrittenInPiecesAndOnceOverACrash) {
  Start(kEach);
  for (int i = 0; i < 5; ++i) Append(1000);
  {
    const std::lock_guard lock(mutex_);
    full_at_ = 2000;
  }
  LetTimePass();
  WaitForEvents(2000);
  Kill();
  EXPECT_LT(events_.size(), 5000u);
  full_at_ = SIZE_MAX;
  Start(kEach);
  LetTimePass();
  WaitForEvents(5000);
  runner_->Stop();
  std::set<std::uint64_t> ids;
  for (const v1::Event& event : events_) ids.insert(event.record_ids(0));
  EXPECT_EQ(ids.size(), 5000u);
  EXPECT_EQ(events_.size(), 5000u);
  EXPECT_LE(largest_, 2500u);
}

TEST_F(DetectionRunnerTest, ImportedRecordsAreNoNews) {
  Start(kEach);
  RecordBatch batch;
  AddMessage(batch, "<13>1 - host app - - - x");
  batch.records()[0].flags |= kFlagImported;
  RecordBatch* const batches[] = {&batch};
  ASSERT_TRUE(store_->Append(batches, {}).has_value());
  Append(1);
  LetTimePass();
  WaitForEvents(1);
  runner_->Stop();
  EXPECT_EQ(events_.size(), 1u);
}

}  // namespace
}  // namespace cistern::testing
