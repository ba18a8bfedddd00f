#include "service/rules/rule_book.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cistern/v1/rule.pb.h"
#include "proto/yaml/reader.h"
#include "tests/unit/service/temp_store.h"

namespace cistern {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using Action = AppliedRule::Action;
using Kind = ChangeError::Kind;

constexpr std::int64_t kSecond = 1'000'000'000;
std::int64_t test_now = 0;

std::shared_ptr<v1::Rule> Drop(const std::string& name, const std::string& filter = "app:cron") {
  auto rule = std::make_shared<v1::Rule>();
  rule->set_name(name);
  rule->set_filter(filter);
  rule->mutable_drop();
  return rule;
}

std::shared_ptr<v1::Rule> Correlate(const std::string& name, const std::string& of) {
  auto rule = std::make_shared<v1::Rule>();
  rule->set_name(name);
  rule->mutable_match()->mutable_event()->set_of("events");
  rule->mutable_match()->mutable_event()->add_of_rules(of);
  return rule;
}

// A rule as the configuration gives it.
v1::Rule Configured(const v1::Rule& rule) {
  v1::Rule filled = rule;
  Origins origins;
  FillDefaults(filled, origins);
  return filled;
}

class RuleBookTest : public testing::Test {
 protected:
  void SetUp() override {
    test_now = 1'800'000'000 * kSecond;
    store_ = OpenStore(folder_.path());
    Open();
  }

  void Open() {
    book_ = std::make_unique<RuleBook>(*store_, [] { return test_now; });
    ASSERT_TRUE(book_->Open());
  }

  // A restart: the store is read again from the disk.
  void Restart() {
    book_.reset();
    store_.reset();
    store_ = OpenStore(folder_.path());
    Open();
  }

  RuleBook::Outcome<RuleOutcome> Apply(std::vector<std::shared_ptr<v1::Rule>> rules, bool prune = false) {
    RuleChanges changes;
    for (auto& rule : rules) changes.rules.push_back({std::move(rule), std::nullopt});
    changes.prune = prune;
    changes.who = "test";
    return book_->Apply(changes);
  }

  RuleBook::Outcome<RuleOutcome> ApplyWithin(std::shared_ptr<v1::Rule> rule, int seconds) {
    RuleChanges changes;
    changes.rules.push_back({std::move(rule), std::nullopt});
    changes.confirm_within = std::chrono::seconds(seconds);
    return book_->Apply(changes);
  }

  std::vector<std::string> Names() const {
    std::vector<std::string> names;
    for (const RuleEntry& entry : book_->Snapshot()->rules) names.push_back(entry.definition->name());
    return names;
  }

  const v1::Rule& Rule(const std::string& name) const {
    set_ = book_->Snapshot();
    return *set_->Find(name)->definition;
  }

  TempFolder folder_;
  std::unique_ptr<Store> store_;
  std::unique_ptr<RuleBook> book_;
  mutable RuleSetPtr set_;
};

TEST_F(RuleBookTest, AppliedRulesAreInForceAndSurviveARestart) {
  const auto applied = Apply({Drop("b"), Drop("a")});
  ASSERT_TRUE(applied) << applied.error().text;
  EXPECT_EQ(applied->change, 1u);
  EXPECT_EQ(applied->rules[0].name, "b");
  EXPECT_EQ(applied->rules[0].action, Action::kCreated);
  const std::uint64_t revision = book_->Snapshot()->Find("a")->revision;
  Restart();
  EXPECT_THAT(Names(), ElementsAre("a", "b"));
  EXPECT_EQ(book_->Snapshot()->Find("a")->revision, revision);
  EXPECT_EQ(Rule("a").order(), 1000);
}

TEST_F(RuleBookTest, TheSameAgainChangesNothing) {
  ASSERT_TRUE(Apply({Drop("a")}));
  const auto again = Apply({Drop("a")});
  ASSERT_TRUE(again);
  EXPECT_EQ(again->change, 0u);
  EXPECT_EQ(again->rules[0].action, Action::kUnchanged);
  EXPECT_EQ(book_->History(0, "", 10)->size(), 1u);
}

TEST_F(RuleBookTest, OneBadRuleKeepsAllOut) {
  const auto applied = Apply({Drop("a"), Drop("b", "sevrity:1")});
  ASSERT_FALSE(applied);
  EXPECT_EQ(applied.error().kind, Kind::kInvalid);
  EXPECT_THAT(applied.error().text, HasSubstr("rule \"b\": filter: at byte 0"));
  EXPECT_THAT(Names(), IsEmpty());
}

TEST_F(RuleBookTest, CirclesAcrossChangesAreRefused) {
  ASSERT_TRUE(Apply({Correlate("a", "b")}));
  const auto applied = Apply({Correlate("b", "a")});
  ASSERT_FALSE(applied);
  EXPECT_THAT(applied.error().text, HasSubstr("makes a circle"));
}

TEST_F(RuleBookTest, OfConcurrentChangesOneWins) {
  ASSERT_TRUE(Apply({Drop("a")}));
  const std::uint64_t read = book_->Snapshot()->Find("a")->revision;
  RuleChanges mine, theirs;
  mine.rules.push_back({Drop("a", "app:x"), read});
  theirs.rules.push_back({Drop("a", "app:y"), read});
  const auto won = book_->Apply(mine);
  ASSERT_TRUE(won);
  const auto lost = book_->Apply(theirs);
  ASSERT_FALSE(lost);
  EXPECT_EQ(lost.error().kind, Kind::kConflict);
  EXPECT_THAT(lost.error().text, HasSubstr("is at revision " + std::to_string(won->rules[0].revision)));
  RuleChanges fresh;
  fresh.rules.push_back({Drop("a"), 0});
  EXPECT_THAT(book_->Apply(fresh).error().text, HasSubstr("already"));
}

TEST_F(RuleBookTest, DryRunsAnswerAndChangeNothing) {
  RuleChanges changes;
  changes.rules.push_back({Drop("a"), std::nullopt});
  changes.dry_run = true;
  const auto answer = book_->Apply(changes);
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->rules[0].action, Action::kCreated);
  EXPECT_EQ(answer->change, 0u);
  EXPECT_THAT(Names(), IsEmpty());
}

TEST_F(RuleBookTest, PruneDeletesTheOthersButThoseOfTheConfiguration) {
  ASSERT_TRUE(book_->Configure(std::vector{Configured(*Drop("file"))}));
  ASSERT_TRUE(Apply({Drop("a"), Drop("b")}));
  const auto applied = Apply({Drop("c")}, /*prune=*/true);
  ASSERT_TRUE(applied);
  EXPECT_EQ(applied->rules.back().name, "b");
  EXPECT_EQ(applied->rules.back().action, Action::kDeleted);
  EXPECT_THAT(Names(), ElementsAre("c", "file"));
}

TEST_F(RuleBookTest, RulesOfTheConfigurationAreChangedThere) {
  ASSERT_TRUE(book_->Configure(std::vector{Configured(*Drop("file"))}));
  EXPECT_EQ(Apply({Drop("file", "app:x")}).error().kind, Kind::kFromConfiguration);
  EXPECT_EQ(book_->Delete("file", std::nullopt, "test").error().kind, Kind::kFromConfiguration);
  ASSERT_TRUE(book_->Configure({}));
  EXPECT_THAT(Names(), IsEmpty());
}

TEST_F(RuleBookTest, WhatIsSwitchedAtRunTimeStaysUntilTheConfigurationChanges) {
  ASSERT_TRUE(book_->Configure(std::vector{Configured(*Drop("file"))}));
  ASSERT_TRUE(book_->SetEnabled("file", false, "test"));
  Restart();
  ASSERT_TRUE(book_->Configure(std::vector{Configured(*Drop("file"))}));
  EXPECT_FALSE(Rule("file").enabled());
  ASSERT_TRUE(book_->Configure(std::vector{Configured(*Drop("file", "app:x"))}));
  EXPECT_TRUE(Rule("file").enabled());
}

TEST_F(RuleBookTest, AnAgeOfTheConfigurationIsCountedOnce) {
  auto rule = Drop("file");
  rule->set_expires("1h");
  ASSERT_TRUE(book_->Configure(std::vector{Configured(*rule)}));
  const std::string expires = Rule("file").expires();
  test_now += 60 * kSecond;
  Restart();
  ASSERT_TRUE(book_->Configure(std::vector{Configured(*rule)}));
  EXPECT_EQ(Rule("file").expires(), expires);
}

TEST_F(RuleBookTest, AnAgeThatIsAppliedAgainIsCountedOnce) {
  auto rule = Drop("a");
  rule->set_expires("2h");
  ASSERT_TRUE(Apply({rule}));
  const std::string expires = Rule("a").expires();
  test_now += 3600 * kSecond;
  Restart();
  const auto again = Apply({rule});
  ASSERT_TRUE(again);
  EXPECT_EQ(again->rules.at(0).action, Action::kUnchanged);
  ASSERT_TRUE(book_->SetEnabled("a", false, "test"));
  ASSERT_TRUE(Apply({rule}));
  EXPECT_TRUE(Rule("a").enabled());
  EXPECT_EQ(Rule("a").expires(), expires);
  rule->set_expires("3h");
  ASSERT_TRUE(Apply({rule}));
  EXPECT_GT(Rule("a").expires(), expires);
}

TEST_F(RuleBookTest, AnAppliedRuleThatTheConfigurationTakesOverBelongsToIt) {
  auto rule = Drop("a");
  rule->set_expires("2h");
  ASSERT_TRUE(Apply({rule}));
  ASSERT_TRUE(book_->Configure(std::vector{Configured(*rule)}));
  EXPECT_EQ(Apply({rule}).error().kind, Kind::kFromConfiguration);
}

TEST_F(RuleBookTest, ListenersAreToldOfChangesAndOfTheEnd) {
  std::vector<std::size_t> told;
  book_->Listen([&](const RuleSetPtr& set) { told.push_back(set->IngestRules(test_now).size()); });
  auto rule = Drop("a");
  rule->set_expires("10s");
  ASSERT_TRUE(Apply({rule, Drop("b")}));
  book_->Tick();
  test_now += 10 * kSecond;
  book_->Tick();
  book_->Tick();
  EXPECT_THAT(told, ElementsAre(0, 2, 1));
}

TEST_F(RuleBookTest, IngestRulesRunByOrderThenName) {
  auto first = Drop("z");
  first->set_order(1);
  ASSERT_TRUE(Apply({Drop("b"), first, Drop("a")}));
  std::vector<std::string> names;
  for (const v1::Rule& rule : book_->Snapshot()->IngestRules(test_now)) names.push_back(rule.name());
  EXPECT_THAT(names, ElementsAre("z", "a", "b"));
}

TEST_F(RuleBookTest, HistoryTellsWhoAndWhatBeforeAndAfter) {
  ASSERT_TRUE(Apply({Drop("a")}));
  ASSERT_TRUE(Apply({Drop("a", "app:x")}));
  ASSERT_TRUE(book_->Delete("a", std::nullopt, "me"));
  ASSERT_TRUE(Apply({Drop("b")}));
  Restart();
  const auto history = book_->History(0, "a", 10);
  ASSERT_TRUE(history);
  ASSERT_EQ(history->size(), 3u);
  EXPECT_EQ((*history)[0].who, "me");
  EXPECT_EQ((*history)[0].rules[0].after, nullptr);
  EXPECT_EQ((*history)[1].rules[0].before->filter(), "app:cron");
  EXPECT_EQ((*history)[1].rules[0].after->filter(), "app:x");
  EXPECT_EQ(book_->History(3, "", 1)->front().change, 2u);
}

TEST_F(RuleBookTest, OnlyTheNewestChangesAreKept) {
  for (std::size_t i = 0; i < RuleBook::kKeptChanges + 5; ++i)
    ASSERT_TRUE(book_->Apply({{{Drop("a", "app:x" + std::to_string(i)), std::nullopt}}}));
  EXPECT_EQ(*store_->CountObjects("rule_change"), RuleBook::kKeptChanges);
  EXPECT_EQ(book_->Rollback(1, false, "test").error().kind, Kind::kNotFound);
}

TEST_F(RuleBookTest, RollbackUndoesAChangeAndAllAfterIt) {
  ASSERT_TRUE(Apply({Drop("a"), Drop("b")}));
  ASSERT_TRUE(Apply({Drop("a", "app:x"), Drop("c")}));
  ASSERT_TRUE(book_->Delete("b", std::nullopt, "test"));
  const auto preview = book_->Rollback(2, /*dry_run=*/true, "test");
  ASSERT_TRUE(preview);
  EXPECT_EQ(preview->rules.size(), 3u);
  EXPECT_THAT(Names(), ElementsAre("a", "c"));
  const auto undone = book_->Rollback(2, false, "test");
  ASSERT_TRUE(undone) << undone.error().text;
  EXPECT_EQ(undone->change, 4u);
  EXPECT_THAT(Names(), ElementsAre("a", "b"));
  EXPECT_EQ(Rule("a").filter(), "app:cron");
  ASSERT_TRUE(book_->Rollback(0, false, "test"));  // of the rollback
  EXPECT_THAT(Names(), ElementsAre("a", "c"));
}

TEST_F(RuleBookTest, RollbackLeavesTheConfigurationAlone) {
  ASSERT_TRUE(Apply({Drop("a")}));
  ASSERT_TRUE(book_->Configure(std::vector{Configured(*Drop("file"))}));
  ASSERT_TRUE(book_->SetEnabled("file", false, "test"));
  ASSERT_TRUE(book_->Rollback(1, false, "test"));
  EXPECT_THAT(Names(), ElementsAre("file"));
  EXPECT_TRUE(Rule("file").enabled());
}

TEST_F(RuleBookTest, AConfirmedChangeStays) {
  ASSERT_TRUE(ApplyWithin(Drop("a"), 60));
  EXPECT_EQ(*book_->Confirm(), 1u);
  test_now += 120 * kSecond;
  book_->Tick();
  EXPECT_THAT(Names(), ElementsAre("a"));
  EXPECT_EQ(book_->Confirm().error().kind, Kind::kFromConfiguration);
}

TEST_F(RuleBookTest, AChangeThatIsNotConfirmedIsUndoneAlsoOverARestart) {
  ASSERT_TRUE(Apply({Drop("a")}));
  const auto applied = ApplyWithin(Drop("a", "app:x"), 60);
  ASSERT_TRUE(applied);
  EXPECT_EQ(applied->confirm_time, test_now + 60 * kSecond);
  Restart();
  EXPECT_EQ(book_->confirm_time(), applied->confirm_time);
  book_->Tick();
  EXPECT_EQ(Rule("a").filter(), "app:x");
  test_now += 60 * kSecond;
  book_->Tick();
  EXPECT_EQ(Rule("a").filter(), "app:cron");
  EXPECT_EQ(book_->confirm_time(), std::nullopt);
  EXPECT_EQ(book_->History(0, "", 1)->front().who, "not confirmed");
  Restart();
  EXPECT_EQ(book_->confirm_time(), std::nullopt);
}

TEST_F(RuleBookTest, ASecondChangeWaitsForTheConfirmation) {
  ASSERT_TRUE(ApplyWithin(Drop("a"), 60));
  for (const auto& error :
       {Apply({Drop("b")}).error(), ApplyWithin(Drop("b"), 60).error(),
        book_->Delete("a", std::nullopt, "test").error(), book_->SetEnabled("a", false, "test").error(),
        book_->CheckConfigured(std::vector{Configured(*Drop("file"))}).error()}) {
    EXPECT_EQ(error.kind, Kind::kFromConfiguration);
    EXPECT_THAT(error.text, HasSubstr("change 1 waits to be confirmed"));
  }
  EXPECT_TRUE(book_->CheckConfigured({}));
  ASSERT_TRUE(book_->Rollback(0, false, "test"));  // need not wait
  EXPECT_THAT(Names(), IsEmpty());
  EXPECT_TRUE(Apply({Drop("b")}));
}

TEST_F(RuleBookTest, WhatCannotBeReadIsLeftOutAndCanBeReplaced) {
  StateChange write;
  write.objects.push_back({"rule", "bad", "\x01", std::nullopt});
  ASSERT_TRUE(store_->ChangeState(write));
  Restart();
  EXPECT_THAT(Names(), IsEmpty());
  ASSERT_TRUE(Apply({Drop("bad")}));
  EXPECT_THAT(Names(), ElementsAre("bad"));
}

TEST_F(RuleBookTest, WhatIsTooLargeInAllIsRefused) {
  std::vector<std::shared_ptr<v1::Rule>> rules;
  for (int i = 0; i < 150; ++i) {
    rules.push_back(Drop("r" + std::to_string(i)));
    rules.back()->set_description(std::string(60 << 10, 'x'));
  }
  EXPECT_EQ(Apply(rules).error().kind, Kind::kTooMany);
  EXPECT_THAT(Names(), IsEmpty());
}

}  // namespace
}  // namespace cistern
