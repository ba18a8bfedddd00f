#include "service/rules/rehearsal.h"

#include <fmt/format.h>
#include <gmock/gmock.h>

#include "rule_files.h"
#include "service/rules/ingest_rules.h"
#include "tests/unit/service/temp_store.h"

namespace cistern {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Pair;
using ::testing::SizeIs;

constexpr std::int64_t kSecond = 1'000'000'000;
constexpr std::int64_t kStart = 1'772'438'400 * kSecond;  // 2026-03-02T08:00:00Z
constexpr std::size_t kRecords = 6000;

// One record a second: logins that fail, cron, and noise.
std::string TextOf(std::size_t i) {
  const std::string head = fmt::format("<86>1 - web-{} ", i % 3);
  if (i % 10 == 3)
    return head +
           fmt::format("sshd {} - - Failed password for root from 192.0.2.{} port {} ssh2", i, i % 7, i);
  if (i % 10 == 4) return head + fmt::format("cron {} - - (root) CMD (run-parts {})", i, i % 2);
  return head + fmt::format("app {} - - request {} took {} ms", i, i, i % 97);
}

class RehearsalTest : public testing::Test {
 protected:
  void Fill(std::size_t records = kRecords) {
    for (std::size_t i = 0; i < records;) {
      RecordBatch batch;
      for (std::size_t end = std::min(records, i + 700); i < end; ++i) Add(batch, i);
      RecordBatch* batches[] = {&batch};
      ASSERT_TRUE(store_->Append(batches, {}));
    }
  }

  // Commits of 700 become blocks with an index at once, smaller ones do not.
  static std::unique_ptr<Store> OpenBlocks(const std::string& dir) {
    StoreOptions options;
    options.dir = dir;
    options.sync = Sync::kNormal;
    options.free_space_reserve = 0;
    options.block_records = 1000;
    return std::move(*Store::Open(options));
  }

  static void Add(RecordBatch& batch, std::size_t i) {
    AddMessage(batch, TextOf(i));
    batch.records().back().received = kStart + static_cast<std::int64_t>(i) * kSecond;
  }

  // Runs `plan`; the rules in force are `in_force`.
  void Rehearse(RehearsalPlan plan, const std::string& in_force = "rules: []") {
    auto made = Rehearsal::Make(*store_, SetOf(in_force), std::move(plan), kStart + 10'000 * kSecond);
    ASSERT_TRUE(made) << made.error();
    rehearsal_ = std::move(*made);
    for (;;) {
      const auto step = rehearsal_->Step();
      ASSERT_TRUE(step) << step.error().message();
      if (*step == Rehearsal::Progress::kDone) break;
    }
  }

  static RuleSet SetOf(const std::string& yaml) {
    RuleSet set;
    for (v1::Rule& rule : RulesOf(ReadRules(yaml)))
      set.rules.push_back({.definition = std::make_shared<const v1::Rule>(std::move(rule))});
    return set;
  }

  static RehearsalPlan PlanOf(const std::string& yaml) {
    RehearsalPlan plan;
    plan.rules = RulesOf(ReadRules(yaml));
    return plan;
  }

  RehearsedRuleFigures Figures(std::size_t i = 0) { return rehearsal_->figures().at(i); }

  TempFolder folder_;
  std::unique_ptr<Store> store_ = OpenBlocks(folder_.path());
  std::unique_ptr<Rehearsal> rehearsal_;
};

constexpr char kDropCron[] = "rules: [{name: drop-cron, filter: 'app:cron', drop: {}}]";

TEST_F(RehearsalTest, CountsWhatARuleWouldDrop) {
  Fill();
  Rehearse(PlanOf(kDropCron));
  EXPECT_EQ(rehearsal_->records(), kRecords);
  EXPECT_EQ(rehearsal_->total_records(), kRecords);
  EXPECT_EQ(Figures().now.matched, kRecords / 10);
  EXPECT_EQ(Figures().now.dropped, kRecords / 10);
  EXPECT_NEAR(static_cast<double>(rehearsal_->octets_saved()), 51.0 * kRecords / 10, 3.0 * kRecords / 10);
  EXPECT_EQ(store_->Stats().records, kRecords);
}

TEST_F(RehearsalTest, StopsWithinABatch) {
  RecordBatch batch;
  for (std::size_t i = 0; i < kRecords; ++i) Add(batch, i);
  RecordBatch* batches[] = {&batch};
  ASSERT_TRUE(store_->Append(batches, {}));
  RehearsalPlan plan = PlanOf("rules: [{name: hide, redact: {what: [ipv4]}}]");
  int asked = 0;
  plan.stop = [&] { return ++asked == 1; };
  auto made = Rehearsal::Make(*store_, {}, std::move(plan), kStart + 10'000 * kSecond);
  ASSERT_TRUE(made) << made.error();
  ASSERT_TRUE((*made)->Step());
  EXPECT_EQ(asked, 1);
  EXPECT_EQ((*made)->figures().at(0).now.matched, 1000);
}

TEST_F(RehearsalTest, ShowsRecordsBeforeAndAfter) {
  Fill(100);
  Rehearse(PlanOf(R"(rules:
  - {name: a-hide, filter: 'failed password', redact: {what: [ipv4]}}
  - {name: b-tag, filter: 'app:cron', tag: {tags: {kind: job}}}
  - {name: c-drop, filter: 'took 7 ms', drop: {}})"));
  ASSERT_THAT(Figures(0).samples, SizeIs(3));
  EXPECT_THAT(Figures(0).samples[0].message, HasSubstr("from 192.0.2.3 port"));
  EXPECT_THAT(Figures(0).samples[0].message_after, HasSubstr("from [ipv4] port"));
  EXPECT_EQ(Figures(0).now.changed, 10u);
  EXPECT_THAT(Figures(1).samples[0].tags, ElementsAre(Pair("kind", "job")));
  EXPECT_TRUE(Figures(2).samples[0].dropped);
}

TEST_F(RehearsalTest, KeepsToTheRangeAndTheFilter) {
  Fill();
  RehearsalPlan plan = PlanOf(kDropCron);
  plan.from = kStart + 1000 * kSecond;
  plan.to = kStart + 2000 * kSecond;
  plan.filter = *Filter::Parse("host:web-1");
  Rehearse(std::move(plan));
  EXPECT_EQ(rehearsal_->records(), 1000u);
  std::uint64_t expected = 0;
  for (std::size_t i = 1000; i < 2000; ++i) expected += i % 10 == 4 && i % 3 == 1;
  EXPECT_EQ(Figures().now.dropped, expected);
}

TEST_F(RehearsalTest, ComparesWithTheRuleInForce) {
  Fill();
  Rehearse(PlanOf("rules: [{name: drop-cron, filter: 'app:cron host:web-1', drop: {}}]"), kDropCron);
  ASSERT_TRUE(Figures().before.has_value());
  EXPECT_EQ(Figures().before->dropped, kRecords / 10);
  EXPECT_EQ(Figures().now.dropped, kRecords / 30);
}

TEST_F(RehearsalTest, RunsTheOtherIngestRulesInForce) {
  Fill();
  const std::string in_force = "rules: [{name: first, filter: 'app:cron', order: 1, drop: {}}]";
  const std::string tried = "rules: [{name: later, filter: 'app:cron', order: 2, drop: {}}]";
  Rehearse(PlanOf(tried), in_force);
  EXPECT_EQ(Figures().now.matched, 0u);
  RehearsalPlan plan = PlanOf(tried);
  plan.alone = true;
  Rehearse(std::move(plan), in_force);
  EXPECT_EQ(Figures().now.matched, kRecords / 10);
}

TEST_F(RehearsalTest, LeavesOutRulesInForceThatThinOut) {
  Fill();
  Rehearse(PlanOf(kDropCron), "rules: [{name: some, filter: '', order: 1, sample: {one_in: 10}}]");
  EXPECT_EQ(Figures().now.dropped, kRecords / 10);
}

TEST_F(RehearsalTest, RunsARuleInForceByName) {
  Fill();
  RehearsalPlan plan;
  plan.names = {"drop-cron"};
  Rehearse(std::move(plan), kDropCron);
  EXPECT_EQ(Figures().now.dropped, kRecords / 10);
  EXPECT_FALSE(Figures().before.has_value());
}

TEST_F(RehearsalTest, RefusesANameThatIsNotThere) {
  RehearsalPlan plan;
  plan.names = {"nobody"};
  const auto made = Rehearsal::Make(*store_, {}, std::move(plan), kStart);
  ASSERT_FALSE(made);
  EXPECT_EQ(made.error(), "names: there is no rule nobody");
}

constexpr char kMixed[] = R"(rules:
  - {name: a-drop, filter: 'app:cron', drop: {}}
  - {name: b-hide, filter: 'failed password', redact: {what: [user]}}
  - {name: c-sample, filter: 'app:app', sample: {one_in: 5, by: [hostname]}}
  - {name: d-twice, filter: 'took 3 ms', deduplicate: {window: 60s, by: [hostname]}}
  - {name: e-tag, filter: 'app:sshd', tag: {tags: {from: '{{hostname}}'}}}
  - name: f-many
    filter: failed password
    threshold: {count: 10, window: 20m, by: [addr], event: {extract: ['from (?P<addr>\S+)']}}
  - name: g-tagged
    filter: tag.from:web-1
    match: {by: [procid], repeat: 1h})";

// What the same objects make of the records as they come in.
TEST_F(RehearsalTest, AgreesWithTheRulesAppliedAsRecordsComeIn) {
  Fill();
  Rehearse(PlanOf(kMixed));
  auto live = IngestRules::Make(RulesOf(ReadRules(kMixed)), {});
  ASSERT_TRUE(live);
  auto detections = Detections::Make(RulesOf(ReadRules(kMixed)), {});
  ASSERT_TRUE(detections) << detections.error();
  std::uint64_t id = 0;
  for (std::size_t i = 0; i < kRecords;) {
    RecordBatch batch;
    for (std::size_t end = std::min(kRecords, i + 13); i < end; ++i) Add(batch, i);
    IngestOutcome outcome;
    (*live)->Apply(batch, kStart, outcome);
    for (Record& record : batch.records()) record.id = RecordId{++id};
    RecordsView view(batch.records());
    (*detections)->Feed(view, nullptr);
  }
  (*detections)->Finish(kStart + 10'000 * kSecond);
  EventList events(1000);
  for (const EventChange& change : (*detections)->TakeChanges()) events.Take(change, kStart);

  std::map<std::string, RuleRunFigures> rehearsed;
  for (const RehearsedRuleFigures& each : rehearsal_->figures()) rehearsed[each.now.name] = each.now;
  for (const IngestRuleFigures& figures : (*live)->Figures()) {
    EXPECT_EQ(rehearsed[figures.name].matched, figures.matched) << figures.name;
    EXPECT_EQ(rehearsed[figures.name].dropped, figures.dropped) << figures.name;
    EXPECT_EQ(rehearsed[figures.name].changed, figures.changed) << figures.name;
  }
  EXPECT_EQ(rehearsed["f-many"].events + rehearsed["g-tagged"].events, events.raised());
  EXPECT_GT(rehearsed["f-many"].events, 10u);
  EXPECT_EQ(rehearsed["g-tagged"].events, kRecords / 30);
  ASSERT_THAT(rehearsal_->events(), SizeIs(100));
  for (std::size_t i = 0; i < 100; ++i) {
    const v1::Event &live_one = events.events()[i], &found = rehearsal_->events()[i];
    EXPECT_EQ(found.rule() + found.key(), live_one.rule() + live_one.key()) << i;
    EXPECT_EQ(found.last_time().seconds(), live_one.last_time().seconds()) << i;
  }
}

}  // namespace
}  // namespace cistern
