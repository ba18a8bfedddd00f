// Targets: what is delivered, what survives, what changes.
#include <fmt/format.h>

#include "service/forward/target_store.h"
#include "tests/unit/service/forward/targets_fixture.h"

namespace cistern {
namespace {

using testing::Definition;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::TargetsTest;
using Kind = TargetError::Kind;

TEST_F(TargetsTest, DeliversWhatMatchesInOrder) {
  Append({"one", "other", "two"});
  ASSERT_TRUE(Apply(Definition("t", "oldest", "one OR two OR three")));
  EXPECT_THAT(to_.WaitFor(2), ElementsAre("one", "two"));
  Append({"three", "other"});
  EXPECT_THAT(to_.WaitFor(3), ElementsAre("one", "two", "three"));
  const TargetView view = WaitUntilIdle("t");
  EXPECT_EQ(view.figures.sent_records, 3u);
  EXPECT_EQ(view.backlog.records, 0u);
}

TEST_F(TargetsTest, StartsWhereItsDefinitionSays) {
  Append({"one", "two"});
  ASSERT_TRUE(Apply(Definition("now", "now")));
  ASSERT_TRUE(Apply(Definition("behind", "id:1")));
  EXPECT_THAT(to_.WaitFor(1), ElementsAre("two"));
  EXPECT_EQ(Get("now").figures.position, RecordId{2});
  EXPECT_EQ(Apply(Definition("future", "id:99")).error().kind, Kind::kInvalid);
}

TEST_F(TargetsTest, FailureIsTriedAgainFromWhatWasNotTaken) {
  to_.FailNext({FailureReason::kClosed, "reset"}, 1);
  to_.FailNext({FailureReason::kConnect, "refused"});
  Append({"one", "two", "three"});
  ASSERT_TRUE(Apply(Definition("t")));
  EXPECT_THAT(to_.WaitFor(3), ElementsAre("one", "two", "three"));
  const TargetFigures figures = WaitUntilIdle("t").figures;
  EXPECT_EQ(figures.errors[static_cast<std::size_t>(FailureReason::kClosed)], 1u);
  EXPECT_EQ(figures.errors[static_cast<std::size_t>(FailureReason::kConnect)], 1u);
  EXPECT_EQ(figures.last_error, "refused");
}

TEST_F(TargetsTest, PositionSurvivesARestart) {
  Append({"one", "two"});
  ASSERT_TRUE(Apply(Definition("t")));
  to_.WaitFor(2);
  WaitUntilIdle("t");
  Restart(/*save=*/true);
  Append({"three"});
  EXPECT_THAT(to_.WaitFor(3), ElementsAre("one", "two", "three"));
}

TEST_F(TargetsTest, WithoutSavingItIsDeliveredAgain) {
  Append({"one"});
  ASSERT_TRUE(Apply(Definition("t")));
  to_.WaitFor(1);
  WaitUntilIdle("t");
  Restart(/*save=*/false);
  EXPECT_THAT(to_.WaitFor(2), ElementsAre("one", "one"));
}

TEST_F(TargetsTest, PositionDoesNotPassWhatTheSinkHolds) {
  to_.HoldBehind(RecordId{1});
  Append({"one", "two"});
  ASSERT_TRUE(Apply(Definition("t")));
  to_.WaitFor(2);
  Restart(/*save=*/true);
  EXPECT_THAT(to_.WaitFor(3), ElementsAre("one", "two", "two"));
}

TEST_F(TargetsTest, NewSinkGoesOnWhereTheSavedStateSays) {
  to_.ResumeFromState(true);
  Append({"one", "two"});
  ASSERT_TRUE(Apply(Definition("t")));
  to_.WaitFor(2);
  WaitUntilIdle("t");
  Restart(/*save=*/true);
  EXPECT_THAT(to_.WaitFor(4), ElementsAre("one", "two", "one", "two"));
  EXPECT_EQ(Get("t").figures.position, RecordId{2}) << "the position does not go back";
}

TEST_F(TargetsTest, PausedTargetStaysWhereItIs) {
  Append({"one"});
  ASSERT_TRUE(Apply(Definition("t")));
  to_.WaitFor(1);
  WaitUntilIdle("t");
  ASSERT_TRUE(targets_->SetPaused("t", true));
  Append({"two"});
  Restart(/*save=*/true);
  EXPECT_EQ(Get("t").figures.state, TargetState::kPaused);
  EXPECT_EQ(Get("t").backlog.records, 1u);
  EXPECT_EQ(targets_->RetryLetters("t", {}).error().kind, Kind::kFromConfiguration);
  ASSERT_TRUE(targets_->SetPaused("t", false));
  EXPECT_THAT(to_.WaitFor(2), ElementsAre("one", "two"));
}

TEST_F(TargetsTest, HungDestinationDelaysNobodyElseAndNoChange) {
  Append({"one"});
  to_.Hang(true);
  ASSERT_TRUE(Apply(Definition("hung")));
  ASSERT_TRUE(targets_->SetPaused("hung", true));
  ASSERT_TRUE(targets_->SetPaused("hung", false));
  ASSERT_TRUE(targets_->Rewind("hung", RecordId{0}, std::nullopt, false));
  EXPECT_TRUE(targets_->Delete("hung", std::nullopt));
  EXPECT_THAT(targets_->List(), IsEmpty());
}

TEST_F(TargetsTest, RewindSendsAgainAsNew) {
  Append({"one", "two", "three"});
  ASSERT_TRUE(Apply(Definition("t", "oldest", "NOT three")));
  to_.WaitFor(2);
  WaitUntilIdle("t");
  auto rewound = targets_->Rewind("t", RecordId{1}, std::nullopt, /*preview=*/true);
  ASSERT_TRUE(rewound);
  EXPECT_EQ(rewound->records, 1u);
  EXPECT_EQ(Get("t").figures.position, RecordId{3});
  rewound = targets_->Rewind("t", RecordId{1}, std::nullopt, /*preview=*/false);
  ASSERT_TRUE(rewound);
  EXPECT_THAT(to_.WaitFor(3), ElementsAre("one", "two", "two"));
  EXPECT_EQ(to_.contexts().back().epoch, to_.contexts().front().epoch + 1);
  WaitUntilIdle("t");
  EXPECT_EQ(targets_->Rewind("t", RecordId{9}, std::nullopt, false).error().kind, Kind::kOutOfRange);
  EXPECT_EQ(targets_->Rewind("t", std::nullopt, WallNow() + 1'000'000'000'000, true)->to, RecordId{3});
  EXPECT_EQ(targets_->Rewind("t", std::nullopt, 1, true)->records, 2u);
}

TEST_F(TargetsTest, RecordsOfALoopAreLeftOutAndCounted) {
  Append({"mine"}, fmt::format(R"([cistern@32473 store="{}" id="1"])", store_->store_id()));
  Append({"foreign"}, R"([cistern@32473 store="ffffffffffffffffffffffffffffffff" id="1"])");
  ASSERT_TRUE(Apply(Definition("t")));
  EXPECT_THAT(to_.WaitFor(1), ElementsAre("foreign"));
  EXPECT_EQ(WaitUntilIdle("t").figures.loops, 1u);
}

TEST_F(TargetsTest, SecretThatCannotBeReadIsTriedAgain) {
  to_.FailToMake(Failure{FailureReason::kConfiguration, "the file /nowhere cannot be read"});
  Append({"one"});
  ASSERT_TRUE(Apply(Definition("t")));
  while (Get("t").figures.state != TargetState::kBroken) std::this_thread::yield();
  EXPECT_THAT(Get("t").figures.last_error, HasSubstr("/nowhere"));
  to_.FailToMake(std::nullopt);
  EXPECT_THAT(to_.WaitFor(1), ElementsAre("one"));
}

TEST_F(TargetsTest, ChangeAgainstAnotherRevisionIsRefused) {
  const auto first = Apply(Definition("t"), 0);
  ASSERT_TRUE(first);
  const std::uint64_t revision = first->front().revision;
  EXPECT_EQ(Apply(Definition("t", "oldest", "a"), 0).error().kind, Kind::kConflict);
  const auto second = Apply(Definition("t", "oldest", "a"), revision);
  ASSERT_TRUE(second);
  EXPECT_EQ(second->front().action, AppliedChange::Action::kChanged);
  EXPECT_GT(second->front().revision, revision);
  EXPECT_EQ(Apply(Definition("t", "oldest", "b"), revision).error().kind, Kind::kConflict);
  EXPECT_EQ(targets_->Delete("t", revision).error().kind, Kind::kConflict);
  EXPECT_EQ(Apply(Definition("t", "oldest", "a"))->front().action, AppliedChange::Action::kUnchanged);
}

TEST_F(TargetsTest, BadDefinitionLeavesEverythingAsItWas) {
  auto bad = std::make_shared<v1::Target>(Definition("b"));
  bad->mutable_file()->set_path("/var/log/../../etc/passwd");
  const auto applied =
      targets_->Apply({{std::make_shared<v1::Target>(Definition("a")), {}}, {bad, {}}}, false, false);
  ASSERT_FALSE(applied);
  EXPECT_EQ(applied.error().kind, Kind::kInvalid);
  EXPECT_THAT(applied.error().text, HasSubstr("target \"b\": file.path: holds `..`"));
  EXPECT_THAT(targets_->List(), IsEmpty());
}

TEST_F(TargetsTest, NoTargetWritesIntoTheStore) {
  for (const char* path : {"/catalog.db", "/logs/{host}.db", "/{host}.log"}) {
    v1::Target target = Definition("t");
    target.mutable_file()->set_path(folder_.path() + path);
    const auto applied = Apply(target);
    ASSERT_FALSE(applied) << path;
    EXPECT_THAT(applied.error().text, HasSubstr("file.path: lies in storage.dir"));
  }
}

TEST_F(TargetsTest, NoTwoTargetsWriteToOneFile) {
  const auto to_file = [](const std::string& name, const std::string& path) {
    v1::Target target = Definition(name);
    target.mutable_file()->set_path(path);
    return target;
  };
  const std::string folder = folder_.path() + "-out/";
  ASSERT_TRUE(Apply(to_file("one", folder + "{host}.log")));
  EXPECT_THAT(Apply(to_file("two", folder + "./{host}.log")).error().text,
              HasSubstr("file.path: target \"one\" writes to this file"));
  ASSERT_TRUE(Apply(to_file("two", folder + "{app}.log")));
  EXPECT_EQ(Apply(to_file("two", folder + "{host}.log")).error().kind, Kind::kInvalid);
  EXPECT_TRUE(Apply(to_file("one", folder + "{host}.log")));
}

TEST_F(TargetsTest, TargetDoesNotRunWhenNobodyKnowsHowFarItCame) {
  Append({"one", "two"});
  ASSERT_TRUE(Apply(Definition("t")));
  to_.WaitFor(2);
  WaitUntilIdle("t");
  targets_->End(std::chrono::steady_clock::now());
  StateChange damage;
  damage.objects.push_back({kProgressKind, "t", "\xff\xff", std::nullopt});
  ASSERT_TRUE(store_->ChangeState(damage));
  Restart(/*save=*/false);
  Append({"three"});
  EXPECT_TRUE(targets_->Save({}));
  EXPECT_EQ(Get("t").figures.state, TargetState::kBroken);
  EXPECT_THAT(Get("t").figures.last_error, HasSubstr("cannot be read"));
  EXPECT_EQ(targets_->SetPaused("t", true).error().kind, Kind::kStore);
  ASSERT_TRUE(Apply(Definition("t", "oldest", "three OR four")));
  EXPECT_EQ(Get("t").figures.state, TargetState::kBroken);
  EXPECT_THAT(to_.contexts(), ::testing::SizeIs(1));
  ASSERT_TRUE(targets_->Rewind("t", RecordId{2}, {}, false));
  EXPECT_THAT(to_.WaitFor(3), ElementsAre("one", "two", "three"));
  EXPECT_NE(WaitUntilIdle("t").figures.state, TargetState::kBroken);
}

TEST_F(TargetsTest, FailingTargetIsRetryingUntilItWorks) {
  to_.FailNext({FailureReason::kConnect, "refused", std::chrono::milliseconds(1)});
  to_.FailNext({FailureReason::kConnect, "refused", std::chrono::milliseconds(1)});
  to_.HangAfterFailures();
  Append({"one"});
  ASSERT_TRUE(Apply(Definition("t")));
  to_.WaitUntilHung();
  EXPECT_EQ(Get("t").figures.state, TargetState::kRetrying);
  to_.Hang(false);
  ASSERT_TRUE(targets_->SetPaused("t", true));
  ASSERT_TRUE(targets_->SetPaused("t", false));
  to_.WaitFor(1);
  EXPECT_EQ(WaitUntilIdle("t").figures.state, TargetState::kIdle);
}

TEST_F(TargetsTest, DryRunChangesNothing) {
  const auto applied =
      targets_->Apply({{std::make_shared<v1::Target>(Definition("a")), {}}}, false, /*dry_run=*/true);
  ASSERT_TRUE(applied);
  EXPECT_EQ(applied->front().action, AppliedChange::Action::kCreated);
  EXPECT_THAT(targets_->List(), IsEmpty());
}

TEST_F(TargetsTest, PruneDeletesWhatIsNotGivenButNotTheConfigurations) {
  configured_ = {Definition("fixed")};
  ASSERT_TRUE(targets_->Configure(configured_));
  ASSERT_TRUE(Apply(Definition("old")));
  const auto applied =
      targets_->Apply({{std::make_shared<v1::Target>(Definition("new")), {}}}, /*prune=*/true, false);
  ASSERT_TRUE(applied);
  ASSERT_EQ(applied->size(), 2u);
  EXPECT_EQ((*applied)[1].action, AppliedChange::Action::kDeleted);
  ASSERT_EQ(targets_->List().size(), 2u);
  EXPECT_EQ(targets_->List()[0].definition->name(), "fixed");
}

TEST_F(TargetsTest, TargetsOfTheConfigurationAreChangedThere) {
  configured_ = {Definition("fixed")};
  ASSERT_TRUE(targets_->Configure(configured_));
  EXPECT_EQ(Apply(Definition("fixed", "oldest", "a")).error().kind, Kind::kFromConfiguration);
  EXPECT_EQ(targets_->Delete("fixed", std::nullopt).error().kind, Kind::kFromConfiguration);
  configured_.clear();
  Restart(/*save=*/true);
  EXPECT_THAT(targets_->List(), IsEmpty());
}

TEST_F(TargetsTest, NothingIsHalfAppliedWhenTheStoreFails) {
  ASSERT_TRUE(Apply(Definition("t")));
  static_cast<FlakyStore&>(*store_).FailWith(make_error_code(StoreErrc::kDiskFull));
  const auto applied = Apply(Definition("t", "oldest", "a"));
  ASSERT_FALSE(applied);
  EXPECT_EQ(applied.error().kind, Kind::kStore);
  EXPECT_EQ(Apply(Definition("u")).error().kind, Kind::kStore);
  EXPECT_EQ(targets_->List().size(), 1u);
  EXPECT_EQ(Get("t").definition->filter(), "");
  static_cast<FlakyStore&>(*store_).FailWith({});
  Append({"one"});
  EXPECT_THAT(to_.WaitFor(1), ElementsAre("one")) << "the target runs on";
}

TEST_F(TargetsTest, TestSendsOneMarkedRecordAndLeavesThePositionAlone) {
  ASSERT_TRUE(Apply(Definition("t", "now")));
  std::vector<TestedStep> steps;
  const Stop stop;
  targets_->Test(
      Get("t").definition, [&](const TestedStep& step) { steps.push_back(step); }, stop);
  ASSERT_FALSE(steps.empty());
  EXPECT_TRUE(steps.back().ok);
  EXPECT_THAT(to_.WaitFor(1)[0], HasSubstr("Cistern test of target \"t\""));
  to_.FailNext({FailureReason::kConnect, "connect to 192.0.2.1:514: refused"});
  targets_->Test(
      Get("t").definition, [&](const TestedStep& step) { steps.push_back(step); }, stop);
  EXPECT_FALSE(steps.back().ok);
  EXPECT_EQ(steps.back().report.detail, "connect to 192.0.2.1:514: refused");
}

TEST_F(TargetsTest, DefinitionThatIsNotUnderstoodIsLeftOutAndCanBeReplacedOrDeleted) {
  for (const char* name : {"x", "y"})
    ASSERT_TRUE(store_->ChangeState({.objects = {{"target", name, "?", {}}}}));
  Append({"one", "two"});
  StateChange progress;
  AddProgress("x", {.position = RecordId{1}}, progress);
  ASSERT_TRUE(store_->ChangeState(progress));
  Restart(/*save=*/true);
  EXPECT_THAT(targets_->List(), IsEmpty());
  ASSERT_TRUE(Apply(Definition("x")));
  EXPECT_THAT(to_.WaitFor(1), ElementsAre("two")) << "it goes on where it stood";
  EXPECT_TRUE(targets_->Delete("y", std::nullopt));
  EXPECT_EQ(targets_->Delete("y", std::nullopt).error().kind, Kind::kNotFound);
}

TEST_F(TargetsTest, TargetOfTheSameNameIsAnotherOne) {
  Append({"one"});
  ASSERT_TRUE(Apply(Definition("t")));
  to_.WaitFor(1);
  ASSERT_TRUE(targets_->Delete("t", std::nullopt));
  ASSERT_TRUE(Apply(Definition("t")));
  to_.WaitFor(2);
  EXPECT_NE(to_.contexts().front().epoch, to_.contexts().back().epoch);
}

}  // namespace
}  // namespace cistern
