#include <gmock/gmock.h>

#include <random>

#include "service/detect/running_rule.h"
#include "service/detect/seen_table.h"
#include "tests/unit/service/detect/detect_rig.h"

namespace cistern::testing {
namespace {

using Loaded = Detections::Loaded;

constexpr char kRule[] =
    "rules: [{name: r, filter: x, threshold: {by: [host], count: 3, window: 60s, event: {summary: '{{host}} "
    "{{n}}', "
    "extract: ['n=(?P<n>.)']}}}]";

std::vector<DetectionState> SavedAfterTwo() {
  RecordList list;
  list.Add(1, "x n=1");
  list.Add(2, "x n=2");
  auto engine = EngineOf(RulesOf(kRule));
  RecordsView view(list.records());
  engine->Feed(view, nullptr);
  return engine->Save();
}

TEST(DetectionStateTest, OnlyWhatChangedIsSaved) {
  auto engine = EngineOf(RulesOf(kRule));
  RecordList list;
  list.Add(1, "y");
  RecordsView view(list.records());
  engine->Feed(view, nullptr);
  EXPECT_EQ(engine->Save().size(), 2u);
  EXPECT_EQ(engine->Save().size(), 1u);
  EXPECT_EQ(engine->SaveAll().size(), 2u);
}

TEST(DetectionStateTest, AnotherTextKeepsTheState) {
  auto rules = RulesOf(kRule);
  rules[0].mutable_threshold()->mutable_event()->set_summary("{{message}} {{n}} now");
  auto engine = EngineOf(rules);
  for (const auto& state : SavedAfterTwo()) EXPECT_EQ(engine->Load(state), Loaded::kDone);
  RecordList list;
  list.Add(3, "x n=3").id = RecordId{3};
  RecordsView view(list.records());
  engine->Feed(view, nullptr);
  engine->Finish(kBase + 10 * kSecond);
  EventBook book;
  book.Take(engine->TakeChanges());
  EXPECT_THAT(book.Lines(), ::testing::ElementsAre("r[a] x3 1..3 x n=3 3 now"));
}

TEST(DetectionStateTest, AnotherQuestionDoesNot) {
  auto rules = RulesOf(kRule);
  rules[0].mutable_threshold()->set_count(4);
  EXPECT_EQ(EngineOf(rules)->Load(SavedAfterTwo()[1]), Loaded::kOther);
  rules[0].set_name("q");
  EXPECT_EQ(EngineOf(rules)->Load(SavedAfterTwo()[1]), Loaded::kUnknown);
}

TEST(DetectionStateTest, EveryDamageIsRefusedAndLeavesTheRuleAsItWas) {
  auto engine = EngineOf(RulesOf(kRule));
  for (const DetectionState& state : SavedAfterTwo()) {
    for (std::size_t i = 0; i < state.octets.size(); ++i) {
      DetectionState damaged = state;
      damaged.octets[i] = static_cast<char>(damaged.octets[i] ^ 0x20);
      EXPECT_EQ(engine->Load(damaged), Loaded::kDamaged);
      damaged.octets = state.octets.substr(0, i);
      EXPECT_EQ(engine->Load(damaged), Loaded::kDamaged);
    }
    EXPECT_EQ(engine->figures()[0].matched, 0u);
  }
}

TEST(DetectionStateTest, OctetsWithARightChecksumNeverCrash) {
  std::mt19937_64 random(7);
  for (const char* kind :
       {"match: {repeat: 5s}", "threshold: {count: 3, window: 60s, distinct: host}",
        "sequence: {steps: [x, y], within: 9s}", "transaction: {end: y, counts: {a: x}}",
        "absent: {after: 9s}", "first_seen: {by: [host]}", "rate_change: {}", "report: {counts: {a: x}}"}) {
    const auto rules = RulesOf(std::string("rules: [{name: r, ") + kind + "}]");
    auto engine = EngineOf(rules);
    RecordList list;
    for (int i = 0; i < 20; ++i) list.Add(i, i % 3 ? "x" : "z", i % 2 ? "a" : "b");
    RecordsView view(list.records());
    engine->Feed(view, nullptr);
    const std::string whole = engine->SaveAll()[1].octets;
    const std::string octets(detect::Unsealed(whole));
    for (int i = 0; i < 300; ++i) {
      std::string changed = octets;
      for (int n = 0; n < 3; ++n) changed[random() % changed.size()] = static_cast<char>(random());
      auto fresh = EngineOf(rules);
      fresh->Load({"r", detect::Sealed(changed)});
    }
  }
}

TEST(DetectionStateTest, ANewRuleSeesOnlyWhatComesBehind) {
  RecordList list;
  for (int i = 0; i < 5; ++i) list.Add(i, "x");
  auto engine = EngineOf(RulesOf("rules: [{name: r, match: {}}]"));
  engine->StartBehind("r", RecordId{3});
  RecordsView view(list.records());
  engine->Feed(view, nullptr);
  engine->Finish(kBase + 10 * kSecond);
  EXPECT_EQ(engine->TakeChanges().size(), 2u);
}

// Feeds `count` records, each with a key of its own; the most octets that the state had.
std::uint64_t FeedKeys(Detections& engine, int count) {
  constexpr int kBatch = 10'000;
  std::uint64_t most = 0;
  for (int done = 0; done < count; done += kBatch) {
    RecordList list;
    for (int i = 0; i < kBatch; ++i) {
      Record& record = list.Add((done + i) * 1e-3, "key " + std::to_string(done + i));
      record.id = RecordId{static_cast<std::uint64_t>(done + i + 1)};
    }
    RecordsView view(list.records());
    engine.Feed(view, nullptr);
    engine.TakeChanges();
    most = std::max(most, engine.figures()[0].state_bytes);
  }
  engine.Finish(kBase + (count / 1000 + 1) * kSecond);
  return most;
}

TEST(DetectionStateTest, AMillionKeysStayWithinTheLimitAndEvictionsAreCounted) {
  const std::pair<const char*, int> kinds[] = {
      {"threshold: {by: [message], count: 3, window: 1d, max_keys: 1000000}", 1'000'000},
      {"first_seen: {by: [message], max_keys: 1000000}", 200'000},
      {"absent: {by: [message], after: 1d, max_keys: 1000000}", 100'000},
      {"transaction: {by: [message], end: never, max_keys: 1000000}", 100'000}};
  for (const auto& [kind, count] : kinds) {
    auto engine = EngineOf(RulesOf(std::string("rules: [{name: r, ") + kind + "}]"));
    EXPECT_LE(FeedKeys(*engine, count), std::uint64_t{8} << 20) << kind;
    const DetectionFigures figures = engine->figures()[0];
    EXPECT_EQ(figures.matched, static_cast<std::uint64_t>(count)) << kind;
    EXPECT_GT(figures.keys, 2'000u) << kind;
    EXPECT_EQ(figures.keys + figures.evicted, static_cast<std::uint64_t>(count)) << kind;
    EXPECT_EQ(figures.early, 0u) << kind;
  }
}

TEST(DetectionStateTest, AllRulesTogetherStayWithinTheLimit) {
  std::string yaml = "rules:\n";
  for (int i = 0; i < 20; ++i)
    yaml += "- {name: r" + std::to_string(i) + ", absent: {by: [message], after: 1d, max_keys: 100000}}\n";
  DetectionLimits limits;
  limits.max_state = 1 << 20;
  auto engine = EngineOf(RulesOf(yaml), limits);
  RecordList list;
  for (int i = 0; i < 5'000; ++i) list.Add(i * 0.01, std::to_string(i));
  RecordsView view(list.records());
  engine->Feed(view, nullptr);
  std::uint64_t bytes = 0, evicted = 0;
  for (const auto& figures : engine->figures()) {
    bytes += figures.state_bytes;
    evicted += figures.evicted;
  }
  EXPECT_LE(bytes, limits.max_state);
  EXPECT_GT(evicted, 0u);
}

TEST(SeenTableTest, KnowsTheNewestValuesHoweverManyCome) {
  detect::SeenTable table(1000);
  std::mt19937_64 random(3);
  std::vector<std::uint64_t> last(5000);
  for (std::uint64_t i = 1; i <= 50'000; ++i) {
    const std::uint64_t value = random() % last.size();
    const bool known = table.Touch(std::to_string(value), static_cast<std::int64_t>(i));
    const auto newer =
        std::count_if(last.begin(), last.end(), [&](std::uint64_t at) { return at > last[value]; });
    ASSERT_EQ(known, last[value] != 0 && newer < 1000) << i;
    last[value] = i;
    if (i % 5000 == 0) {
      detect::SeenTable loaded(1000);
      ASSERT_TRUE(loaded.Load(table.Save()));
      ASSERT_EQ(loaded.Save(), table.Save());
    }
  }
  table.ForgetUntil(49'990);
  EXPECT_LE(table.size(), 10u);
}

}  // namespace
}  // namespace cistern::testing
