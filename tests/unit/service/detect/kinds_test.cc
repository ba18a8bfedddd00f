#include <gmock/gmock.h>

#include "tests/unit/service/detect/detect_rig.h"

namespace cistern::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

TEST(MatchTest, EachRecordRaisesAnEvent) {
  RecordList list;
  list.Add(1, "bad thing", "a,b");
  list.Add(2, "good thing");
  list.Add(3, "bad thing", "c\\d");
  EXPECT_THAT(Events("rules: [{name: r, filter: bad, match: {by: [hostname], event: {summary: '{{host}}: "
                     "{{message}}'}}}]",
                     list, 10),
              ElementsAre(R"(r[a\,b] x1 1..1 a,b: bad thing)", R"(r[c\\d] x1 3..3 c\d: bad thing)"));
}

TEST(MatchTest, WithinRepeatRecordsAreAddedToTheEvent) {
  RecordList list;
  for (const double at : {1, 2, 9, 11, 12}) list.Add(at, "bad");
  EXPECT_THAT(Events("rules: [{name: r, match: {by: [host], repeat: 10s}}]", list, 20),
              ElementsAre("r[a] x3 1..9 r: a", "r[a] x2 11..12 r: a"));
}

TEST(MatchTest, AnEventResolvesWhenNothingIsAddedForSoLong) {
  RecordList list;
  for (const double at : {1, 5}) list.Add(at, "bad");
  EXPECT_THAT(
      Events("rules: [{name: r, match: {by: [host], repeat: 10s, event: {resolve_after: 7s}}}]", list, 20),
      ElementsAre("r[a] x2 1..5 resolved 12 r: a"));
}

TEST(MatchTest, WhatPatternsFindComesBeforeFieldsAndTheFirstWins) {
  RecordList list;
  list.Add(1, "user BOB port 22");
  EXPECT_THAT(
      Events(R"(rules: [{name: r, match: {by: [port], event: {summary: '{{user|lower}} {{key}} {{none}}',
                        extract: ['user (?P<user>\w+) port (?P<port>\d+)', '(?P<user>port)', '(?P<none>x)']}}}])",
             list, 9),
      ElementsAre("r[22] x1 1..1 bob 22 "));
}

TEST(MatchTest, NothingHappensAfterTheRuleIsOver) {
  RecordList list;
  list.Add(1, "bad");
  list.Add(3, "bad");
  auto rules = RulesOf("rules: [{name: r, match: {}}]");
  rules[0].set_expires("2026-09-21T14:13:22Z");  // kBase is 14:13:20
  auto engine = EngineOf(rules);
  RecordsView view(list.records());
  engine->Feed(view, nullptr);
  engine->Finish(kBase + 10 * kSecond);
  EXPECT_EQ(engine->TakeChanges().size(), 1u);
}

TEST(ThresholdTest, RaisesWhenThereAreSoManyInTheWindow) {
  RecordList list;
  for (const double at : {0, 4, 11, 12, 13}) list.Add(at, "bad");
  list.Add(14, "bad", "b");
  EXPECT_THAT(Events("rules: [{name: r, threshold: {by: [host], count: 3, window: 10s, repeat: 2s, "
                     "event: {summary: '{{count}}'}}}]",
                     list, 20),
              ElementsAre("r[a] x4 4..13 3"));
}

TEST(ThresholdTest, CountsAnewWhenTheEventIsOver) {
  RecordList list;
  for (int i = 0; i < 12; ++i) list.Add(i, "bad");
  EXPECT_THAT(Events("rules: [{name: r, threshold: {count: 2, window: 5s}}]", list, 20),
              ElementsAre("r[] x6 0..5 r", "r[] x6 6..11 r"));
}

TEST(ThresholdTest, AResetNeedNotMatchTheRule) {
  RecordList list;
  list.Add(1, "failed");
  list.Add(2, "failed");
  list.Add(3, "accepted");
  list.Add(4, "failed");
  EXPECT_THAT(
      Events("rules: [{name: r, filter: failed, threshold: {count: 3, window: 10s, reset: accepted}}]", list,
             20),
      IsEmpty());
}

TEST(ThresholdTest, CountsDifferentValues) {
  RecordList list;
  for (const char* text : {"x", "x", "y", "x", "y", "z"}) list.Add(1, text);
  EXPECT_THAT(
      Events("rules: [{name: r, threshold: {count: 3, window: 10s, distinct: message, event: {summary: "
             "'{{distinct}} of {{count}}'}}}]",
             list, 20),
      ElementsAre("r[] x6 1..1 3 of 6"));
}

TEST(ThresholdTest, ARecordMayStandForSeveral) {
  RecordList list;
  list.Add(1, "repeated 4 times");
  list.Add(2, "once");
  EXPECT_THAT(
      Events(
          R"(rules: [{name: r, threshold: {count: 5, window: 10s, event: {weight: n, extract: ['(?P<n>\d+) times']}}}])",
          list, 20),
      ElementsAre("r[] x5 1..2 r"));
}

TEST(SequenceTest, RaisesWhenAllStepsFollowOnEachOther) {
  RecordList list;
  list.Add(1, "one x=1");
  list.Add(2, "two", "b");
  list.Add(3, "two");
  list.Add(4, "three");
  const std::string rule = R"(rules: [{name: r, sequence: {by: [host], steps: [one, two, three], within: 3s,
                             without: stop, event: {summary: '{{x}} {{message}}', extract: ['x=(?P<x>.)']}}}])";
  EXPECT_THAT(Events(rule, list, 20), ElementsAre("r[a] x3 1..4 1 three"));
  list.Add(11, "one");
  list.Add(12, "two");
  list.Add(13, "stop");
  list.Add(14, "three");
  list.Add(21, "one");
  list.Add(22, "two");
  list.Add(25, "three");
  EXPECT_THAT(Events(rule, list, 40), ElementsAre("r[a] x3 1..4 1 three"));
}

TEST(SequenceTest, TheLatestBeginningCounts) {
  RecordList list;
  list.Add(1, "one");
  list.Add(8, "one");
  list.Add(12, "two");
  EXPECT_THAT(Events("rules: [{name: r, sequence: {steps: [one, two], within: 5s}}]", list, 20),
              ElementsAre("r[] x2 8..12 r"));
}

constexpr char kLogin[] = R"(
rules:
- name: login
  transaction:
    by: [host, procid]
    begin: accepted OR failed
    require: accepted
    without: forged
    start: opened
    end: closed
    counts: {failures: failed}
    max_age: 60s
    event:
      summary: '{{user}} {{failures}} {{duration}}'
      extract: ['for (?P<user>\w+)']
)";

TEST(TransactionTest, TellsOfThemFromBeginningToEnd) {
  RecordList list;
  list.Add(0, "closed");
  list.Add(1, "failed for bob");
  list.Add(2, "accepted for ann");
  list.Add(3.5, "opened");
  list.Add(5, "closed").time = kBase + 5'250'001'000;
  EXPECT_THAT(Events(kLogin, list, 20), ElementsAre("login[a,] x4 1..5.250001 bob 1 0:00:01.750001"));
}

TEST(TransactionTest, NeedsWhatIsRequiredAndNothingForbidden) {
  RecordList list;
  list.Add(1, "failed for bob");
  list.Add(2, "closed");
  list.Add(3, "accepted forged");
  list.Add(4, "closed");
  EXPECT_THAT(Events(kLogin, list, 20), IsEmpty());
}

TEST(TransactionTest, DurationsGoByTheSendersClockHoweverOld) {
  RecordList list;
  list.Add(1, "accepted").time = kBase - 1'000'000 * kSecond;
  list.Add(1, "opened").time = kBase - 1'000'000 * kSecond;
  list.Add(1, "closed").time = kBase - 992'800 * kSecond;
  EXPECT_THAT(Events(kLogin, list, 20), ElementsAre("login[a,] x3 1..1  0 2:00:00.000000"));
}

TEST(TransactionTest, IsGivenUpWhenItHasNoEnd) {
  RecordList list;
  list.Add(1, "accepted for ann");
  list.Add(61, "closed");
  auto engine = EngineOf(RulesOf(kLogin));
  RecordsView view(list.records());
  engine->Feed(view, nullptr);
  engine->Finish(kBase + 100 * kSecond);
  EXPECT_TRUE(engine->TakeChanges().empty());
  EXPECT_EQ(engine->figures()[0].expired, 1u);
}

TEST(AbsentTest, RaisesAtTheLastRecordPlusTheTimeAndResolvesAtTheNext) {
  RecordList list;
  list.Add(1, "x");
  list.Add(2, "x", "b");
  list.Add(9, "x");
  list.Add(13, "x", "b");
  EXPECT_THAT(
      Events("rules: [{name: r, absent: {by: [host], after: 10s, event: {summary: '{{host}} {{silent}}'}}}]",
             list, 20),
      ElementsAre("r[b] x0 12..12 resolved 13 b 0:00:10.000000", "r[a] x0 19..19 a 0:00:10.000000"));
}

TEST(AbsentTest, WithoutAKeyTheWaitBeginsWithTheRule) {
  RecordList list;
  list.Add(1, "other");
  EXPECT_THAT(Events("rules: [{name: r, filter: never, absent: {after: 10s}}]", list, 20),
              ElementsAre("r[] x0 11..11 r"));
  auto engine = EngineOf(RulesOf("rules: [{name: r, absent: {after: 10s}}]"));
  engine->Advance(kBase);
  engine->Advance(kBase + 11 * kSecond);
  EXPECT_EQ(engine->TakeChanges().size(), 1u);
}

TEST(AbsentTest, GoesByReceiptNotByWhatTheSenderSays) {
  RecordList list;
  list.Add(1, "x").time = kBase + 200 * kSecond;
  EXPECT_THAT(Events("rules: [{name: r, absent: {by: [host], after: 10s}}]", list, 20),
              ElementsAre("r[a] x0 11..11 r: a"));
}

TEST(FirstSeenTest, RaisesForNewValuesAfterLearning) {
  RecordList list;
  list.Add(1, "x", "a");
  list.Add(6, "x", "a");
  list.Add(7, "x", "b");
  list.Add(8, "x", "b");
  EXPECT_THAT(
      Events("rules: [{name: r, first_seen: {by: [host], learn: 5s, event: {summary: 'new {{value}}'}}}]",
             list, 20),
      ElementsAre("r[b] x1 7..7 new b"));
}

TEST(FirstSeenTest, ValuesAreForgotten) {
  RecordList list;
  for (const double at : {1, 5, 14, 25}) list.Add(at, "x");
  EXPECT_THAT(Events("rules: [{name: r, first_seen: {by: [host], forget_after: 10s}}]", list, 40),
              ElementsAre("r[a] x1 1..1 r: a", "r[a] x1 25..25 r: a"));
}

TEST(RateChangeTest, RaisesWhenThereAreManyMoreOrFewerThanUsual) {
  RecordList list;
  const int counts[] = {2, 2, 2, 8, 9, 0, 4};
  for (int i = 0; i < 7; ++i)
    for (int n = 0; n < counts[i]; ++n) list.Add(40 + i * 10 + n, "x");  // kBase is no multiple of 60
  EXPECT_THAT(
      Events("rules: [{name: r, rate_change: {interval: 10s, history: 3, above: 2, below: 0.1, at_least: "
             "3, event: {summary: '{{count}} {{usual}} {{factor}}'}}}]",
             list, 200),
      ElementsAre("r[] x17 70..88 8 2 4", "r[] x0 90..100 0 6.33333 0", "r[] x0 110..120 0 4.33333 0"));
}

TEST(ReportTest, CountsByIntervals) {
  RecordList list;  // kBase is 14:13:20
  list.Add(1, "error one");
  list.Add(30, "two", "b");
  list.Add(41, "error three");
  EXPECT_THAT(
      Events("rules: [{name: r, report: {every: 60s, counts: {errors: error}, top: host, event: {summary: "
             "'{{records}} {{bytes}} {{errors}} {{top}} {{duration}} {{bad}}'}, events: {bad: m}}}, "
             "{name: m, filter: error, match: {event: {summary: m}}}]",
             list, 100),
      ElementsAre(
          "m[] x1 1..1 m",
          "r[] x2 1..40 2 12 1 a: 1, b: 1 0:00:39.000000 1 (of 0:00:39.000000 only, since the rule began)",
          "m[] x1 41..41 m", "r[] x1 40..100 1 11 1 a: 1 0:01:00.000000 1"));
}

TEST(EventsTest, RulesSeeEitherRecordsOrEvents) {
  RecordList list;
  list.Add(1, "plain");
  Record& event = list.Add(2, "an event");
  event.transport = Transport::kInternal;
  std::string tags;
  AppendTag(tags, "event", "7");
  AppendTag(tags, "event.rule", "sshd-x");
  event.tags = list.Keep(tags);
  EXPECT_THAT(
      Events(
          "rules: [{name: a, match: {}}, {name: b, match: {event: {of: events, of_rules: ['sshd-*', q]}}}, "
          "{name: c, match: {event: {of: events, of_rules: [q]}}}]",
          list, 10),
      ElementsAre("a[] x1 1..1 a", "b[] x1 2..2 b"));
}

TEST(SamplesTest, AreTheRecordsThatRaisedIt) {
  RecordList list;
  for (int i = 0; i < 5; ++i) list.Add(i, "x");
  auto engine =
      EngineOf(RulesOf("rules: [{name: r, threshold: {count: 5, window: 10s, event: {samples: 2}}}]"));
  RecordsView view(list.records());
  engine->Feed(view, nullptr);
  engine->Finish(kBase + 100 * kSecond);
  const auto changes = engine->TakeChanges();
  ASSERT_EQ(changes.size(), 1u);
  EXPECT_THAT(changes[0].event.record_ids(), ElementsAre(4, 5));
}

}  // namespace
}  // namespace cistern::testing
