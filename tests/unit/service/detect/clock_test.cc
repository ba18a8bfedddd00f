// What becomes of detections when the clock of the machine is set.
#include <gmock/gmock.h>

#include "service/detect/arrival_clock.h"
#include "tests/unit/service/detect/detect_rig.h"

namespace cistern::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr double kHour = 3600, kYears = 3 * 365 * 86400.0;
using Move = ArrivalClock::Move;

class ArrivalClockTest : public ::testing::Test {
 protected:
  Move Take(double at, bool internal = false) { return clock_.Take(At(at), internal); }
  Move Promise(double at) { return clock_.Promise(At(at)); }
  double now() const { return static_cast<double>(clock_.now() - kBase) / 1e9; }
  static std::int64_t At(double at) { return kBase + static_cast<std::int64_t>(at * 1e9); }

  ArrivalClock clock_{5 * kSecond};
};

TEST_F(ArrivalClockTest, IsTheNewestReceivedTime) {
  EXPECT_EQ(Take(0), Move::kLeap);
  EXPECT_EQ(Take(600), Move::kOn);
  EXPECT_EQ(Take(540), Move::kOn);
  EXPECT_EQ(now(), 600);
  EXPECT_EQ(Take(1201), Move::kLeap);
}

TEST_F(ArrivalClockTest, IsSetBackWhenRecordsOfTenSecondsStayBehind) {
  Take(kHour);
  for (int i = 0; i < 10; ++i) ASSERT_EQ(Take(i), Move::kOn);
  EXPECT_EQ(now(), kHour);
  EXPECT_EQ(Take(10), Move::kBack);
  EXPECT_EQ(now(), 10);
}

TEST_F(ArrivalClockTest, RecordsThatWereHeldUpDoNotSetItBack) {
  Take(kHour);
  for (int i = 0; i < 100; ++i) {
    ASSERT_EQ(Take(i), Move::kOn);
    ASSERT_EQ(Take(kHour + i), Move::kOn);
  }
  for (int i = 0; i < 100; ++i) ASSERT_EQ(Take(i, /*internal=*/true), Move::kOn);
}

TEST_F(ArrivalClockTest, APromiseSetsItBackAtOnceAndOneThatIsBrokenIsVoid) {
  Take(0);
  EXPECT_EQ(Promise(kYears), Move::kLeap);
  EXPECT_EQ(Take(5), Move::kBack);
  EXPECT_EQ(now(), 5);
  Take(kYears);
  EXPECT_EQ(Promise(20), Move::kBack);
  EXPECT_EQ(now(), 20);
}

TEST_F(ArrivalClockTest, ARangeIsTakenOnlyWhereNothingHappensInIt) {
  EXPECT_FALSE(clock_.TakeRange(At(0), At(1)));
  Take(0);
  EXPECT_TRUE(clock_.TakeRange(At(0), At(60)));
  EXPECT_FALSE(clock_.TakeRange(At(0), At(66)));
  EXPECT_FALSE(clock_.TakeRange(At(-10), At(-6)));
  EXPECT_EQ(now(), 60);
}

TEST_F(ArrivalClockTest, IsTheSameWhenReadAgain) {
  Take(kHour);
  Take(0);
  v1::StoredDetections stored;
  clock_.Save(stored);
  ArrivalClock again(5 * kSecond);
  again.Load(stored);
  EXPECT_EQ(again.Take(At(10), false), Move::kBack);
}

std::unique_ptr<Detections> Fed(const std::string& yaml, RecordList& list) {
  auto engine = EngineOf(RulesOf(yaml));
  RecordsView view(list.records());
  engine->Feed(view, nullptr);
  return engine;
}

std::vector<std::string> LinesOf(Detections& engine) {
  EventBook book;
  book.Take(engine.TakeChanges());
  return book.Lines();
}

TEST(ClockAheadTest, AReportIsOneForAllThatCameInBetween) {
  RecordList list;
  list.Add(0, "x");
  auto engine =
      Fed("rules: [{name: r, report: {every: 60s, event: {summary: '{{records}} {{duration}}'}}}]", list);
  engine->Advance(kBase + static_cast<std::int64_t>(kYears * 1e9));
  EXPECT_THAT(LinesOf(*engine),
              ElementsAre("r[] x1 0..40 1 0:00:40.000000 (of 0:00:40.000000 only, since the rule began)",
                          "r[] x0 40..94607980 0 26279:59:00.000000"));
  EXPECT_THAT(LinesOf(*engine), IsEmpty());
}

TEST(ClockAheadTest, IntervalsAreReportedOneByOneWhileThereAreFew) {
  RecordList list;
  list.Add(0, "x");
  auto engine = Fed("rules: [{name: r, report: {every: 60s}}]", list);
  engine->Advance(kBase + static_cast<std::int64_t>(24 * 60 * 1e9));
  EXPECT_EQ(LinesOf(*engine).size(), 24u);
}

TEST(ClockBackTest, WhatRulesKnowGoesOnAsIfNoTimeHadPassed) {
  RecordList list;
  for (const double at : {kHour, kHour + 1}) list.Add(at, "x");
  for (const double at : {0, 10, 11, 12, 20}) list.Add(at, "x");
  EXPECT_THAT(Events("rules: [{name: r, filter: x, threshold: {count: 5, window: 20s}}]", list, 30),
              ElementsAre("r[] x7 5..20 r"));
}

TEST(ClockBackTest, DetectionsAreNotBlindAfterAYearThatWasWrong) {
  RecordList list;
  list.Add(0, "x", "a");
  list.Add(kYears, "x", "a");
  for (int i = 1; i < 100; ++i) list.Add(i, "x", "a");
  EXPECT_THAT(Events("rules: [{name: r, filter: x, match: {by: [host], repeat: 30s}}]", list, 100).size(),
              5u);
}

TEST(ClockBackTest, NobodyIsAbsentBecauseTheClockWasSetBack) {
  RecordList list;
  for (int i = 0; i < 60; ++i) list.Add(kHour + i, "x", i % 2 ? "a" : "b");
  for (int i = 0; i < 60; ++i) list.Add(i, "x", i % 2 ? "a" : "b");
  auto engine = Fed("rules: [{name: r, absent: {by: [host], after: 30s}}]", list);
  EXPECT_THAT(LinesOf(*engine), IsEmpty());
  engine->Advance(kBase + 90 * kSecond);
  EXPECT_THAT(LinesOf(*engine), ElementsAre("r[b] x0 88..88 r: b", "r[a] x0 89..89 r: a"));
}

TEST(ClockBackTest, AStateOfAYearThatWasWrongIsMovedToNow) {
  RecordList list;
  list.Add(kYears, "x", "a");
  const std::string yaml = "rules: [{name: r, absent: {by: [host], after: 30s}}]";
  auto before = Fed(yaml, list);
  auto engine = EngineOf(RulesOf(yaml));
  for (const auto& state : before->SaveAll()) ASSERT_EQ(engine->Load(state), Detections::Loaded::kDone);
  engine->Advance(kBase);
  EXPECT_EQ(engine->clock(), kBase);
  EXPECT_THAT(LinesOf(*engine), IsEmpty());
  engine->Advance(kBase + 31 * kSecond);
  EXPECT_THAT(LinesOf(*engine), ElementsAre("r[a] x0 30..30 r: a"));
}

TEST(ClockBackTest, AnIntervalInWhichItHappenedIsComparedWithNothing) {
  RecordList list;
  for (int i = 0; i < 65; ++i) list.Add(kHour + i, "x");
  for (int i = 0; i < 100; ++i) list.Add(i, "x");
  EXPECT_THAT(
      Events(
          "rules: [{name: r, rate_change: {interval: 10s, history: 3, above: 1.3, below: 0.7, at_least: 2}}]",
          list, 99),
      IsEmpty());
}

TEST(ManyChangesTest, AreTakenInPortionsWithTheStateBetweenThem) {
  RecordList list;
  for (int i = 0; i < 20'000; ++i) list.Add(i * 0.001, "x", "h" + std::to_string(i % 5000));
  const auto rules =
      RulesOf("rules: [{name: each, match: {}}, {name: gone, absent: {by: [host], after: 30s}}]");
  auto engine = EngineOf(rules);
  std::size_t most = 0, all = 0;
  RecordId position{};
  engine->OnManyChanges([&](RecordId through) {
    if (through == RecordId{})
      EXPECT_GE(engine->clock(), kBase + 100 * kSecond);
    else
      EXPECT_GE(through, std::exchange(position, through));
    const std::size_t count = engine->TakeChanges().size();
    most = std::max(most, count);
    all += count;
  });
  RecordsView view(list.records());
  engine->Feed(view, nullptr);
  engine->Advance(kBase + 100 * kSecond);
  all += engine->TakeChanges().size();
  EXPECT_EQ(all, 25'000u);
  EXPECT_LE(most, 2500u);
}

TEST(ManyChangesTest, AStateBetweenTwoPortionsGoesOnWithTheNext) {
  RecordList list;
  for (int i = 0; i < 5000; ++i) list.Add(i * 0.001, "x", "h" + std::to_string(i));
  const auto rules =
      RulesOf("rules: [{name: gone, absent: {by: [host], after: 30s}}, {name: r, report: {every: 60s}}]");
  auto engine = EngineOf(rules), next = EngineOf(rules);
  EventBook book;
  std::size_t portions = 0;
  engine->OnManyChanges([&](RecordId) {
    if (++portions > 2) return;
    book.Take(engine->TakeChanges());
    if (portions < 2) return;
    for (const auto& state : engine->SaveAll()) ASSERT_EQ(next->Load(state), Detections::Loaded::kDone);
  });
  RecordsView view(list.records());
  engine->Feed(view, nullptr);
  engine->Advance(kBase + 86400 * kSecond);
  ASSERT_GT(portions, 2u);
  EXPECT_LT(book.events().size(), 4000u);
  next->Advance(kBase + 86400 * kSecond);
  book.Take(next->TakeChanges());
  EXPECT_EQ(book.events().size(), 5000u + 2u);  // the first minute, and the rest of the day
}

}  // namespace
}  // namespace cistern::testing
