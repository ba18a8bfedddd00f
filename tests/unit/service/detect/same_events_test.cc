// The same records give the same events: however they are cut, saved and loaded in between, live or at once.
#include <random>

#include "tests/unit/service/detect/detect_rig.h"

namespace cistern::testing {
namespace {

constexpr char kRules[] = R"(
rules:
- {name: match, filter: bad, match: {by: [host], repeat: 20s, event: {resolve_after: 30s, summary: '{{message}}'}}}
- {name: each, filter: 'bad host:h1', match: {}}
- {name: threshold, filter: bad, threshold: {by: [host], count: 4, window: 15s, reset: good, event: {summary: '{{count}} {{first}}'}}}
- {name: distinct, threshold: {count: 6, window: 10s, distinct: host, repeat: 3s, event: {resolve_after: 7s}}}
- {name: sequence, sequence: {by: [host], steps: [bad, good, ugly], within: 20s, without: stop, event: {summary: '{{n}}', extract: ['n=(?P<n>\d+)']}}}
- {name: transaction, transaction: {by: [host], begin: good, end: ugly, counts: {bads: bad}, max_age: 12s, event: {summary: '{{bads}} {{duration}} {{n}}', extract: ['n=(?P<n>\d+)']}}}
- {name: absent, absent: {by: [host], after: 9s, forget_after: 40s, event: {summary: '{{n}}', extract: ['n=(?P<n>\d+)']}}}
- {name: nothing, filter: nobody, absent: {after: 50s}}
- {name: first, first_seen: {by: [host, message], forget_after: 25s, max_keys: 30, event: {resolve_after: 5s}}}
- {name: rate, rate_change: {by: [host], interval: 5s, history: 3, above: 1.5, below: 0.5, at_least: 2, event: {summary: '{{usual}} {{factor}}'}}}
- {name: report, report: {every: 60s, counts: {bads: bad}, top: host, events: {m: match, a: absent}, expired: {x: transaction}, open: {o: transaction}, event: {summary: '{{records}} {{bytes}} {{bads}} {{m}} {{a}} {{x}} {{o}} {{top}}'}}}
- {name: few, threshold: {by: [message], count: 2, window: 60s, max_keys: 5}}
)";

// Mostly in order and on time; some late within the tolerance or beyond it, some ahead, some of long ago.
RecordList Stream(std::mt19937_64& random, std::size_t count) {
  static const char* const kTexts[] = {"bad", "bad", "good", "ugly", "stop", "dull"};
  RecordList list;
  double clock = 0;
  for (std::size_t i = 0; i < count; ++i) {
    if (random() % 3 != 0) clock += static_cast<double>(random() % 2000) / 1000;
    if (random() % 100 == 0) clock += 60;
    const std::string text = std::string(kTexts[random() % 6]) + " n=" + std::to_string(random() % 20);
    Record& record = list.Add(clock, text, "h" + std::to_string(random() % 8));
    if (random() % 20 == 0) record.received -= kSecond;
    switch (random() % 8) {
      case 0:
        record.time -= static_cast<std::int64_t>(random() % 4'900) * 1'000'000;
        break;
      case 1:
        record.time -= static_cast<std::int64_t>(random() % 400) * kSecond;
        break;
      case 2:
        record.time += static_cast<std::int64_t>(random() % 20) * kSecond;
        break;
      case 3:
        record.time = kNoTime;
        break;
      default:
        break;
    }
  }
  return list;
}

// What is received before the clock of the records shall not count as in order: the promise must hold.
std::int64_t Earliest(const std::vector<Record>& records, std::size_t from) {
  std::int64_t earliest = INT64_MAX;
  for (std::size_t i = from; i < records.size(); ++i) earliest = std::min(earliest, records[i].received);
  return earliest;
}

std::string AtOnce(const std::vector<v1::Rule>& rules, RecordList& list, const DetectionLimits& limits) {
  auto engine = EngineOf(rules, limits);
  RecordsView view(list.records());
  engine->Feed(view, nullptr);
  engine->Finish(list.records().back().received + 300 * kSecond);
  EventBook book;
  book.Take(engine->TakeChanges());
  return book.Whole();
}

std::unique_ptr<Detections> Again(const std::vector<v1::Rule>& rules, const DetectionLimits& limits,
                                  const std::map<std::string, std::string>& saved) {
  auto engine = EngineOf(rules, limits);
  for (const auto& [rule, octets] : saved)
    EXPECT_EQ(engine->Load({rule, octets}), Detections::Loaded::kDone) << rule;
  return engine;
}

// That the clock was set back may not be known before it is seen.
void Promise(Detections& engine, std::int64_t received) {
  if (received > engine.clock() - 30 * kSecond) engine.Advance(received);
}

// In pieces, with crashes: what came after the last save is done again.
std::string InPieces(const std::vector<v1::Rule>& rules, RecordList& list, const DetectionLimits& limits,
                     std::mt19937_64& random) {
  auto& records = list.records();
  std::map<std::string, std::string> saved;
  std::size_t position = 0, next = 0;
  EventBook book;
  std::vector<EventChange> changes;
  auto engine = EngineOf(rules, limits);
  while (next < records.size()) {
    const std::size_t size =
        std::min<std::size_t>(1 + random() % (random() % 2 ? 5 : 200), records.size() - next);
    RecordsView view(std::span<const Record>(records).subspan(next, size));
    engine->Feed(view, nullptr);
    next += size;
    if (random() % 3 == 0 && next < records.size()) Promise(*engine, Earliest(records, next));
    for (auto& change : engine->TakeChanges()) changes.push_back(std::move(change));
    const auto what = random() % 6;
    if (what == 0) {
      for (auto& state : engine->Save()) saved[state.rule] = std::move(state.octets);
      position = next;
      book.Take(std::exchange(changes, {}));
    } else if (what == 1 && !saved.empty()) {
      engine = Again(rules, limits, saved);
      next = position;
      changes.clear();
    }
  }
  engine->Finish(records.back().received + 300 * kSecond);
  book.Take(std::move(changes));
  book.Take(engine->TakeChanges());
  return book.Whole();
}

class SameEventsTest : public ::testing::TestWithParam<std::uint64_t> {};

TEST_P(SameEventsTest, WhateverTheBatchesAndRestarts) {
  std::mt19937_64 random(GetParam());
  RecordList list = Stream(random, 1500);
  const auto rules = RulesOf(kRules);
  const std::string expected = AtOnce(rules, list, {});
  EXPECT_GT(std::count(expected.begin(), expected.end(), '\n'), 200);
  for (int i = 0; i < 4; ++i) ASSERT_EQ(InPieces(rules, list, {}, random), expected);
}

TEST_P(SameEventsTest, WhenTheClockIsSet) {
  std::mt19937_64 random(GetParam());
  RecordList list = Stream(random, 1500);
  const auto set = [&](std::size_t from, std::size_t to, std::int64_t by) {
    for (std::size_t i = from; i < to; ++i) {
      list.records()[i].received += by * kSecond;
      if (list.records()[i].time != kNoTime) list.records()[i].time += by * kSecond;
    }
  };
  set(300, 310, 20 * 86400);
  set(400, 700, 1000 * 86400);
  set(1000, 1500, -3600);
  set(1200, 1500, 300);
  const auto rules = RulesOf(kRules);
  const std::string expected = AtOnce(rules, list, {});
  EXPECT_GT(std::count(expected.begin(), expected.end(), '\n'), 200);
  EXPECT_LT(std::count(expected.begin(), expected.end(), '\n'), 5000);
  for (int i = 0; i < 4; ++i) ASSERT_EQ(InPieces(rules, list, {}, random), expected);
}

TEST_P(SameEventsTest, WithTooLittleRoomForOneRule) {
  std::mt19937_64 random(GetParam());
  RecordList list = Stream(random, 1000);
  const auto all = RulesOf(kRules);
  const std::vector<v1::Rule> rules(all.begin() + 2, all.begin() + 3);
  DetectionLimits limits;
  limits.max_state = 6000;
  const std::string expected = AtOnce(rules, list, limits);
  for (int i = 0; i < 4; ++i) ASSERT_EQ(InPieces(rules, list, limits, random), expected);
}

TEST_P(SameEventsTest, WhenRecordsAreLateWithinTheTolerance) {
  std::mt19937_64 random(GetParam());
  RecordList list;
  for (int i = 0; i < 800; ++i)
    list.Add(i * 0.25, random() % 2 ? "bad n=1" : "good n=2", "h" + std::to_string(random() % 4));
  const auto all = RulesOf(kRules);
  const std::vector<v1::Rule> rules(all.begin(), all.begin() + 6);  // those that go by event time
  auto in_order = AtOnce(rules, list, {});
  auto records = list.records();
  // Each comes up to 4.9 s late, so that the order is another; ids tell the samples apart.
  for (Record& record : records) record.received += static_cast<std::int64_t>(random() % 4'900) * 1'000'000;
  std::stable_sort(records.begin(), records.end(),
                   [](const Record& a, const Record& b) { return a.received < b.received; });
  list.records() = records;
  EXPECT_EQ(AtOnce(rules, list, {}), in_order);
}

INSTANTIATE_TEST_SUITE_P(Random, SameEventsTest, ::testing::Range<std::uint64_t>(1, 13));

}  // namespace
}  // namespace cistern::testing
