#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/service/rules/ingest_bench.h"

namespace cistern {
namespace {

using testing::ElementsAre;

TEST(IngestRulesTest, DroppedRecordsAreTakenOutAndCounted) {
  IngestBench bench("- {name: noise, filter: 'app:cron', drop: {}}");
  bench.Add("<13>1 - h cron - - - a");
  bench.Add("<13>1 - h sshd - - - b");
  bench.Add("<13>1 - h cron - - - c");
  bench.Apply();
  EXPECT_THAT(bench.messages(), ElementsAre("b"));
  EXPECT_EQ(bench.outcome().dropped, 2u);
  EXPECT_EQ(bench.figures().matched, 2u);
  EXPECT_EQ(bench.figures().dropped, 2u);
}

TEST(IngestRulesTest, RulesRunByOrderThenByName) {
  IngestBench bench(R"(
- {name: b, filter: 'tag.t:1', tag: {tags: {t: '2'}}}
- {name: a, tag: {tags: {t: '1'}}}
- {name: c, order: 1, tag: {tags: {first: 'yes'}}}
- {name: d, filter: 'tag.t:2 tag.first:yes', tag: {tags: {t: 'all of them'}}}
- {name: off, enabled: false, drop: {}}
)");
  bench.Add("m");
  bench.Apply();
  EXPECT_EQ(bench.tag(0, "t"), "all of them");
  EXPECT_EQ(bench.figures(0).name, "c");
}

TEST(IngestRulesTest, LaterRulesSeeWhatEarlierOnesChanged) {
  IngestBench bench(R"(
- {name: a, order: 1, filter: 'msg:hello', set: {fields: {message: 'good bye', hostname: 'elsewhere'}}}
- {name: b, order: 2, filter: 'hello', drop: {}}
- {name: c, order: 3, filter: '"good bye" host:elsewhere', tag: {tags: {seen: 'changed'}}}
)");
  bench.Add("<13>1 - h a - - - hello");
  bench.Apply();
  ASSERT_THAT(bench.messages(), ElementsAre("good bye"));
  EXPECT_EQ(bench.tag(0, "seen"), "changed");
  EXPECT_EQ(bench.figures(1).matched, 0u);
}

TEST(IngestRulesTest, ChangedRecordsAreMatchedTogetherWhereManyRulesFollow) {
  std::string rules = "- {name: first, order: 1, filter: 'hello', set: {fields: {message: 'word7 word8'}}}\n";
  for (int i = 0; i < 20; ++i) {
    const std::string n = std::to_string(i);
    rules += "- {name: r" + n + ", filter: 'word" + n + "', tag: {tags: {t" + n + ": x}}}\n";
  }
  IngestBench bench(rules);
  bench.Add("hello");
  bench.Add("word3");
  bench.Apply();
  EXPECT_EQ(bench.tag(0, "t7") + bench.tag(0, "t8"), "xx");
  EXPECT_EQ(bench.tag(0, "t3"), "(none)");
  EXPECT_EQ(bench.tag(1, "t3"), "x");
}

TEST(IngestRulesTest, RuleThatHasExpiredDoesNothing) {
  IngestBench bench(R"(
- {name: over, expires: '2020-01-01T00:00:00Z', drop: {}}
- {name: not-yet, expires: '2100-01-01T00:00:00Z', tag: {tags: {a: b}}}
)");
  bench.Add("m");
  bench.Apply();
  ASSERT_EQ(bench.records().size(), 1u);
  EXPECT_EQ(bench.tag(0, "a"), "b");
}

TEST(IngestRulesTest, SampleStoresTheFirstOfEachKey) {
  IngestBench bench("- {name: s, sample: {one_in: 3, by: [hostname]}}");
  for (const char* text : {"<13>1 - a x - - - 1", "<13>1 - b x - - - 2", "<13>1 - a x - - - 3",
                           "<13>1 - a x - - - 4", "<13>1 - a x - - - 5", "<13>1 - b x - - - 6"})
    bench.Add(text);
  bench.Apply();
  EXPECT_THAT(bench.messages(), ElementsAre("1", "2", "5"));
}

TEST(IngestRulesTest, BatchesAreOneSequence) {
  const auto rules = ReadRules("rules: [{name: s, sample: {one_in: 2}}]");
  auto set = *IngestRules::Make(rules, {});
  RecordBatch a, b;
  for (RecordBatch* batch : {&a, &b}) {
    for (int i = 0; i < 3; ++i) {
      Record record;
      record.message = batch == &a ? "a" : "b";
      batch->records().push_back(record);
    }
  }
  RecordBatch* const both[] = {&a, &b};
  IngestOutcome outcome;
  set->Apply(both, 0, outcome);
  EXPECT_EQ(a.size(), 2u);
  EXPECT_EQ(b.size(), 1u);
  EXPECT_EQ(outcome.dropped, 3u);
}

TEST(IngestRulesTest, ObserverSeesRecordsBeforeAndAfter) {
  const auto rules = ReadRules(R"(rules:
- {name: z, order: 1, filter: hello, set: {fields: {message: bye}}}
- {name: a, order: 2, filter: bye, drop: {}}
)");
  std::vector<std::string> seen;
  IngestRules::Options options;
  options.observe = [&](std::size_t rule, const Record& before, const Record* after) {
    seen.push_back(std::to_string(rule) + " " + std::string(before.message) + " " +
                   std::string(after ? after->message : "-"));
  };
  auto set = *IngestRules::Make(rules, options);
  RecordBatch batch;
  batch.records().emplace_back().message = "hello";
  IngestOutcome outcome;
  set->Apply(batch, 0, outcome);
  EXPECT_THAT(seen, ElementsAre("0 hello bye", "1 bye -"));
}

TEST(IngestRulesTest, StateOfAnUnchangedRuleIsTakenOver) {
  constexpr char kRules[] = R"(rules:
- {name: same, filter: a, sample: {one_in: 2}}
- {name: other, filter: b, sample: {one_in: 2}}
)";
  auto rules = ReadRules(kRules);
  auto old = *IngestRules::Make(rules, {});
  rules[0].set_description("says more now");
  rules[1].mutable_sample()->set_one_in(3);
  auto next = *IngestRules::Make(rules, {});
  const auto apply = [](IngestRules& set) {
    RecordBatch batch;
    batch.records().emplace_back().message = "a";
    batch.records().emplace_back().message = "b";
    IngestOutcome outcome;
    set.Apply(batch, 0, outcome);
    return batch.size();
  };
  EXPECT_EQ(apply(*old), 2u);
  next->TakeOver(*old);
  EXPECT_EQ(apply(*next), 1u);  // the second a, and the first b
  EXPECT_EQ(next->Figures()[0].matched, 2u);
  EXPECT_EQ(next->Figures()[1].matched, 2u);
}

struct WrongCase {
  const char* rule;
  const char* key;
};
class WrongRuleTest : public testing::TestWithParam<WrongCase> {};
TEST_P(WrongRuleTest, IsRefusedWithItsPlace) {
  const auto rules = ReadRules("rules: [{name: good, drop: {}}, " + std::string(GetParam().rule) + "]");
  const auto made = IngestRules::Make(rules, {});
  ASSERT_FALSE(made.has_value());
  EXPECT_EQ(made.error().rule, 1u);
  EXPECT_EQ(made.error().key, GetParam().key);
  EXPECT_FALSE(made.error().message.empty());
}
INSTANTIATE_TEST_SUITE_P(
    All, WrongRuleTest,
    testing::Values(WrongCase{"{name: r, filter: 'a AND', drop: {}}", "filter"},
                    WrongCase{"{name: r, expires: soon, drop: {}}", "expires"},
                    WrongCase{"{name: r, sample: {one_in: 2, by: [hostname, nosuch]}}", "sample.by[1]"},
                    WrongCase{"{name: r, limit: {rate: 0}}", "limit.rate"},
                    WrongCase{"{name: r, redact: {patterns: ['(']}}", "redact.patterns[0]"},
                    WrongCase{"{name: r, redact: {what: [ipv5]}}", "redact.what[0]"},
                    WrongCase{"{name: r, set: {fields: {peer: x}}}", "set.fields.peer"},
                    WrongCase{"{name: r, set: {fields: {message: '{{nosuch}}'}}}", "set.fields.message"},
                    WrongCase{"{name: r, tag: {tags: {a: '{{'}}}", "tag.tags.a"},
                    WrongCase{"{name: r, extract: {pattern: 'a(b)'}}", "extract.pattern"}));

}  // namespace
}  // namespace cistern
