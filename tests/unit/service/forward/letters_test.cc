// Dead letters: what a destination refuses, and what becomes of it.
#include "tests/unit/service/forward/targets_fixture.h"

namespace cistern {
namespace {

using testing::Definition;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using testing::TargetsTest;
using Kind = TargetError::Kind;

TEST_F(TargetsTest, RefusedRecordsAreDeadLettersAndDoNotBlockTheRest) {
  to_.Refuse("bad");
  Append({"one", "bad", "two"});
  ASSERT_TRUE(Apply(Definition("t")));
  EXPECT_THAT(to_.WaitFor(2), ElementsAre("one", "two"));
  EXPECT_EQ(WaitUntilIdle("t").figures.dead_letters, 1u);
  const auto letters = targets_->ListLetters("t", RecordId{0}, 10);
  ASSERT_TRUE(letters);
  ASSERT_EQ(letters->letters.size(), 1u);
  EXPECT_EQ(letters->letters[0].id, RecordId{2});
  EXPECT_EQ(letters->letters[0].reason, "too strange");
  EXPECT_EQ(targets_->MessageOf(RecordId{2}, 2), "ba");

  auto outcome = targets_->RetryLetters("t", {});
  ASSERT_TRUE(outcome);
  EXPECT_EQ(outcome->refused, 1u);
  EXPECT_EQ(targets_->ListLetters("t", RecordId{0}, 10)->letters[0].attempts, 2u);

  to_.Accept("bad");
  outcome = targets_->RetryLetters("t", {});
  ASSERT_TRUE(outcome);
  EXPECT_EQ(outcome->done, 1u) << outcome->error;
  EXPECT_THAT(to_.WaitFor(3), ElementsAre("one", "two", "bad"));
  EXPECT_EQ(Get("t").figures.dead_letters, 0u);
}

TEST_F(TargetsTest, LettersSurviveARestartAndCanBeDiscarded) {
  to_.Refuse("bad");
  Append({"bad", "one"});
  ASSERT_TRUE(Apply(Definition("t")));
  to_.WaitFor(1);
  WaitUntilIdle("t");
  Restart(/*save=*/true);
  EXPECT_EQ(Get("t").figures.dead_letters, 1u);
  EXPECT_EQ(targets_->DiscardLetters("t", {RecordId{1}})->done, 1u);
  EXPECT_THAT(targets_->ListLetters("t", RecordId{0}, 10)->letters, IsEmpty());
}

TEST_F(TargetsTest, TooManyLettersPushTheOldestOut) {
  v1::Target target = Definition("t");
  target.set_max_dead_letters(2);
  for (const char* text : {"a", "b", "c"}) to_.Refuse(text);
  Append({"a", "b", "c", "good"});
  ASSERT_TRUE(Apply(target));
  to_.WaitFor(1);
  const TargetFigures figures = WaitUntilIdle("t").figures;
  EXPECT_EQ(figures.dead_letters, 2u);
  EXPECT_EQ(figures.letters_discarded, 1u);
  EXPECT_EQ(targets_->ListLetters("t", RecordId{0}, 10)->letters[0].id, RecordId{2});
}

TEST_F(TargetsTest, OnlyLettersAreDeliveredAgainAndEachOnce) {
  to_.Refuse("bad");
  Append({"one", "bad"});
  ASSERT_TRUE(Apply(Definition("t")));
  to_.WaitFor(1);
  WaitUntilIdle("t");
  to_.Accept("bad");
  const auto outcome = targets_->RetryLetters("t", {RecordId{2}, RecordId{1}, RecordId{2}, RecordId{77}});
  ASSERT_TRUE(outcome);
  EXPECT_EQ(outcome->done, 1u);
  EXPECT_THAT(to_.WaitFor(2), ElementsAre("one", "bad"));
}

TEST_F(TargetsTest, LettersDoNotWaitForTheBackOff) {
  to_.Refuse("bad");
  Append({"bad"});
  v1::Target target = Definition("t");
  target.mutable_retry()->set_initial(3'600'000'000'000);
  target.mutable_retry()->set_max(3'600'000'000'000);
  ASSERT_TRUE(Apply(target));
  while (Get("t").figures.dead_letters == 0) std::this_thread::yield();
  to_.FailNext({FailureReason::kConnect, "refused"});
  Append({"next"});
  while (Get("t").figures.state != TargetState::kRetrying) std::this_thread::yield();
  to_.Accept("bad");
  EXPECT_EQ(targets_->RetryLetters("t", {})->done, 1u);
}

}  // namespace
}  // namespace cistern
