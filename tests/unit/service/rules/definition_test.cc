#include "service/rules/definition.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cistern/v1/rule.pb.h"
#include "proto/yaml/reader.h"
#include "service/rules/packs.h"

namespace cistern {
namespace {

constexpr std::int64_t kNow = 1'767'225'600'000'000'000;  // 2026-01-01T00:00:00Z

// A file of rules, as the configuration reads its own.
struct Read {
  v1::RuleFile file;
  Origins origins;
  YamlErrors errors;

  explicit Read(std::string_view text) {
    const YamlTarget target{file, origins, errors};
    ReadYaml(text, {{OriginKind::kFile, "r.yaml"}, ""}, target);
    CheckRequired(target);
    FillDefaults(file, origins);
    if (!errors.empty()) return;
    std::vector<const v1::Rule*> rules;
    std::vector<std::string> keys;
    for (int i = 0; i < file.rules_size(); ++i) {
      rules.push_back(&file.rules(i));
      keys.push_back(JoinIndex("rules", i));
      CheckRule(file.rules(i), keys.back(), origins, errors);
    }
    CheckRuleSet(rules, keys, origins, errors);
  }
};

// One rule whose keys stand in one line.
std::string ErrorsOf(const std::string& keys) { return Read("rules: [{" + keys + "}]\n").errors.ToString(); }

struct Case {
  const char* name;
  const char* keys;
  const char* error;  // behind `r.yaml:1:N: rules[0].`; empty: none
};

class CheckRuleKeys : public testing::TestWithParam<Case> {};

TEST_P(CheckRuleKeys, AreToldWithTheirPath) {
  const std::string errors = ErrorsOf(GetParam().keys);
  if (*GetParam().error == '\0') {
    EXPECT_EQ(errors, "");
  } else {
    EXPECT_THAT(errors, testing::MatchesRegex("r.yaml:1:[0-9]+: .*\n"));
    EXPECT_THAT(errors, testing::HasSubstr(std::string("rules[0].") + GetParam().error));
    EXPECT_EQ(std::count(errors.begin(), errors.end(), '\n'), 1) << errors;
  }
}

#define EVENT "event: {summary: x}"
constexpr Case kCases[] = {
    {"Name", "name: No, drop: {}", "name: \"No\" is not a name"},
    {"Filter", "name: a, filter: 'sevrity:>=err', drop: {}", "filter: at byte 0: found \"sevrity\""},
    {"Lower", "name: a, tag: {tags: {host: '{{host|lower}}'}}", ""},
    {"Expires", "name: a, expires: soon, drop: {}", "expires: \"soon\" is neither a time"},
    {"ExpiresZero", "name: a, expires: 0, drop: {}", "expires: an age must be more than 0"},
    {"ExpiresAge", "name: a, expires: 2h, drop: {}", ""},
    {"ExpiresTime", "name: a, expires: '2026-11-20T10:00:00Z', drop: {}", ""},
    {"SampleBy", "name: a, sample: {one_in: 2, by: [host, hst]}", "sample.by[1]: \"hst\" is not a field"},
    {"ByTwice", "name: a, sample: {one_in: 2, by: [host, host]}", "sample.by[1]: \"host\" is given twice"},
    {"LimitRate", "name: a, limit: {rate: 0}", "limit.rate: must be more than 0"},
    {"LimitSeverity", "name: a, limit: {rate: 1, keep_severity: bad}",
     "limit.keep_severity: \"bad\" is not one of"},
    {"RedactNothing", "name: a, redact: {with: mask}", "redact: needs what or patterns"},
    {"RedactWhat", "name: a, redact: {what: [ipv5]}", "redact.what[0]: \"ipv5\" is not one of"},
    {"RedactPattern", "name: a, redact: {patterns: ['(']}", "redact.patterns[0]: is not an expression"},
    {"RedactSteps", "name: a, redact: {patterns: ['a{600}', 'b{600}', 'c{600}', 'd{600}']}",
     "redact.patterns: are too large together: "},
    {"TagNothing", "name: a, tag: {}", "tag.tags: is required"},
    {"TagTemplate", "name: a, tag: {tags: {team: '{{hst}}'}}", "tag.tags.team: {{hst}} is not a field"},
    {"SetField", "name: a, set: {fields: {peer: x}}", "set.fields.peer: \"peer\" cannot be set"},
    {"SetSeverity", "name: a, set: {fields: {severity: bad}}", "set.fields.severity: \"bad\" is not one of"},
    {"SetSeverityOfTag", "name: a, set: {fields: {severity: '{{tag.level}}'}}", ""},
    {"ExtractGroups", "name: a, extract: {pattern: 'from (.*)'}", "extract.pattern: has no named group"},
    {"ExtractOnly", "name: a, extract: {pattern: '(?P<x>.)', only: [y]}",
     "extract.only[0]: \"y\" is not a group"},
    {"TagOfEvents", "name: a, tag: {tags: {event.rule: x}}",
     "tag.tags.event.rule: \"event.rule\" is reserved"},
    {"TagOfRelays", "name: a, tag: {tags: {cistern.store: x}}",
     "tag.tags.cistern.store: \"cistern.store\" is"},
    {"TagLong",
     "name: a, tag: {tags: {a2345678901234567890123456789012345678901234567890123456789012345: x}}",
     "tag.tags.a23456789012345678901234567890123456789012345678901234567890...: is longer than"},
    {"TagEvents", "name: a, tag: {tags: {events: x, origin: y}}", ""},
    {"ExtractPrefix", "name: a, extract: {key_value: {}, prefix: event.}",
     "extract.prefix: \"event.\" makes names"},
    {"ExtractReserved", "name: a, extract: {key_value: {}, prefix: ev, only: [x, ent]}",
     "extract.only[1]: \"event\" is reserved"},
    {"ExtractGroup", "name: a, extract: {pattern: '(?P<event>.)'}", "extract.pattern: \"event\" is reserved"},
    {"ExtractHow", "name: a, extract: {prefix: x}", "extract: needs one of"},
    {"ThresholdBy", "name: a, threshold: {count: 2, window: 1m, by: [hst], " EVENT "}",
     "threshold.by[0]: \"hst\" is not a field"},
    {"ByOfExtract",
     "name: a, threshold: {count: 2, window: 1m, by: [addr], event: {extract: ['(?P<addr>.)'], summary: "
     "'{{addr}} {{count}} {{distinct}}'}}",
     ""},
    {"Summary", "name: a, match: {event: {summary: '{{distinct}}'}}",
     "match.event.summary: {{distinct}} is not a field"},
    {"EventField", "name: a, match: {event: {fields: {x: '{{nope}}'}}}",
     "match.event.fields.x: {{nope}} is not"},
    {"EventFieldName", "name: a, match: {event: {fields: {'a b': x}}}",
     "match.event.fields.a b: \"a b\" is not a name for a value"},
    {"EventExtract", "name: a, match: {event: {extract: ['x']}}",
     "match.event.extract[0]: has no named group"},
    {"Inhibited", "name: a, match: {event: {inhibited_by: ['A b']}}",
     "match.event.inhibited_by[0]: \"A b\" is not"},
    {"OfRulesAlone", "name: a, match: {event: {of_rules: [b]}}", "match.event.of_rules: is for of: events"},
    {"OfRulesMissing", "name: a, match: {event: {of: events}}", "match.event.of_rules: is required"},
    {"Distinct", "name: a, threshold: {count: 2, window: 1m, distinct: nope}",
     "threshold.distinct: \"nope\""},
    {"Reset", "name: a, threshold: {count: 2, window: 1m, reset: '('}", "threshold.reset: at byte 1"},
    {"OneStep", "name: a, sequence: {steps: [x], within: 1m}", "sequence.steps: needs 2 to 16"},
    {"Step", "name: a, sequence: {steps: [x, 'y('], within: 1m}", "sequence.steps[1]: at byte 2"},
    {"EmptyStep", "name: a, sequence: {steps: [x, ''], within: 1m}", "sequence.steps[1]: must not be empty"},
    {"TransactionBy", "name: a, transaction: {end: x}", "transaction.by: is required"},
    {"TransactionCounts", "name: a, transaction: {by: [procid], end: x, counts: {bad: '('}}",
     "transaction.counts.bad: at byte 1"},
    {"TransactionName", "name: a, transaction: {by: [procid], end: x, counts: {start: y}}",
     "transaction.counts.start: \"start\" is the name of another value"},
    {"TransactionValue",
     "name: a, transaction: {by: [procid], end: x, counts: {tries: y}, event: {summary: '{{tries}} "
     "{{duration}}'}}",
     ""},
    {"FirstSeenBy", "name: a, first_seen: {}", "first_seen.by: is required"},
    {"RateAbove", "name: a, rate_change: {above: 0.5}", "rate_change.above: must be more than 1"},
    {"RateBelow", "name: a, rate_change: {below: 2}", "rate_change.below: must be less than 1"},
    {"RateNothing", "name: a, rate_change: {above: 0}", "rate_change: needs above or below"},
    {"ReportName", "name: a, report: {counts: {x: y}, events: {x: z}}",
     "report.events.x: \"x\" is the name of another value"},
    {"FieldOfEveryEvent", "name: a, match: {event: {fields: {count: x}}}",
     "match.event.fields.count: every event has a count of its own, which targets see as tag.event.count"},
    {"DistinctOfOne", "name: a, threshold: {count: 1, window: 1m, distinct: host}",
     "threshold.distinct: says nothing with count: 1"},
    {"DistinctKey", "name: a, threshold: {count: 3, window: 1m, by: [host], distinct: host}",
     "threshold.distinct: stands in by as well"},
    {"ResetByAll", "name: a, filter: x, threshold: {count: 3, window: 1m, reset: x}",
     "threshold.reset: is the filter of the rule"},
    {"WindowOfNothing", "name: a, threshold: {count: 3, window: 0}", "threshold.window: must be at least"},
    {"WindowWithoutUnit", "name: a, threshold: {count: 3, window: 60}",
     "threshold.window: \"60\" has no unit; did you mean 60s?"},
    {"StepThatEnds", "name: a, sequence: {steps: [x, y], without: y, within: 1m}",
     "sequence.without: is one of the steps"},
    {"EqualSteps", "name: a, sequence: {steps: [x, x], within: 1m}", ""},
    {"EndNeverComes", "name: a, transaction: {by: [host], end: x, without: x}",
     "transaction.without: is the same as end"},
    {"ForgottenBeforeMissed", "name: a, absent: {by: [host], after: 1h, forget_after: 1h}",
     "absent.forget_after: must be longer than after"},
    {"InhibitsItself", "name: a, match: {event: {inhibited_by: [a]}}",
     "match.event.inhibited_by[0]: is the rule itself"},
    {"InhibitedByNoField", "name: a, match: {event: {inhibited_by: [b], inhibited_equal: [host, key]}}",
     "match.event.inhibited_equal[0]: \"host\" is not one of fields of this event"},
    {"ReportTop", "name: a, report: {top: nope}", "report.top: \"nope\" is not a field"},
};
INSTANTIATE_TEST_SUITE_P(Cases, CheckRuleKeys, testing::ValuesIn(kCases),
                         [](const auto& info) { return std::string(info.param.name); });

TEST(CheckRuleSet, RefusesNamesGivenTwice) {
  EXPECT_EQ(Read("rules:\n  - {name: a, drop: {}}\n  - {name: a, drop: {}}\n").errors.ToString(),
            "r.yaml:3:12: rules[1].name: \"a\" is the name of another rule already (rules[0])\n");
}

TEST(CheckRuleSet, RefusesCircles) {
  const Read read(R"(
rules:
  - {name: feed, match: {}}
  - {name: a, match: {event: {of: events, of_rules: [c, feed]}}}
  - {name: b, match: {event: {of: events, of_rules: [a]}}}
  - {name: c, match: {event: {of: events, of_rules: ["b*"]}}}
)");
  EXPECT_EQ(
      read.errors.ToString(),
      "r.yaml:4:43: rules[1].match.event.of_rules: makes a circle: a reads the events of c reads the events "
      "of b reads the events of a\n");
}

TEST(CheckRuleSet, RefusesARuleThatReadsItsOwnEvents) {
  EXPECT_THAT(Read("rules: [{name: a, match: {event: {of: events, of_rules: ['*']}}}]").errors.ToString(),
              testing::HasSubstr("makes a circle: a reads the events of a"));
}

TEST(CheckRuleSet, BoundsTheNumbers) {
  std::vector<v1::Rule> rules(kMostRules + 1);
  std::vector<const v1::Rule*> pointers;
  for (std::size_t i = 0; i < rules.size(); ++i) {
    rules[i].set_name("r" + std::to_string(i));
    i <= kMostDetections ? void(rules[i].mutable_match()) : void(rules[i].mutable_drop());
    for (int pattern = 0; i >= kMostRules - 16 && pattern < 63; ++pattern)
      rules[i].mutable_redact()->add_patterns("x");
    pointers.push_back(&rules[i]);
  }
  YamlErrors errors;
  CheckRuleSet(pointers, std::vector<std::string>(rules.size()), {}, errors);
  ASSERT_EQ(errors.items.size(), 3u) << errors.ToString();
  EXPECT_EQ(errors.items[0].message, "rule \"r256\": there can be 256 detections at most");
  EXPECT_EQ(errors.items[1].message, "rule \"r2000\": there can be 2000 rules at most");
  EXPECT_EQ(errors.items[2].message, "rule \"r1999\": there can be 1000 patterns at most in all rules");
}

TEST(PrepareRule, FillsDefaultsAndMakesAnAgeATime) {
  v1::Rule rule;
  rule.set_name("a");
  rule.set_expires("2h");
  rule.mutable_threshold()->set_count(2);
  rule.mutable_threshold()->set_window(1'000'000'000);
  EXPECT_EQ(PrepareRule(rule, kNow).ToString(), "");
  EXPECT_EQ(rule.expires(), "2026-01-01T02:00:00Z");
  EXPECT_EQ(rule.threshold().max_keys(), 10000u);
  EXPECT_EQ(rule.threshold().event().severity(), "warning");
  EXPECT_TRUE(IsInForce(rule, kNow + 7'199'000'000'000));
  EXPECT_FALSE(IsInForce(rule, kNow + 7'200'000'000'000));
  rule.set_enabled(false);
  EXPECT_FALSE(IsInForce(rule, kNow));
}

TEST(PrepareRule, RefusesValuesThatTextCouldNotHave) {
  v1::Rule rule;
  rule.set_name("a");
  rule.mutable_sample()->set_one_in(1);
  EXPECT_EQ(PrepareRule(rule, kNow).ToString(), "default: sample.one_in: must be at least 2\n");
}

TEST(PrepareRule, RefusesALargeDefinition) {
  v1::Rule rule;
  rule.set_name("a");
  rule.set_description(std::string(65 << 10, 'x'));
  rule.mutable_drop();
  EXPECT_THAT(PrepareRule(rule, kNow).ToString(), testing::HasSubstr("is larger than 64 KiB"));
}

TEST(RuleKind, IsKnownOfEveryKind) {
  const auto* oneof = v1::Rule::descriptor()->FindOneofByName("kind");
  int detections = 0;
  for (int i = 0; i < oneof->field_count(); ++i) {
    v1::Rule rule;
    rule.GetReflection()->MutableMessage(&rule, oneof->field(i));
    EXPECT_EQ(KindOf(rule), oneof->field(i)->name());
    EXPECT_EQ(IsIngestRule(rule), EventOf(rule) == nullptr);
    detections += IsIngestRule(rule) ? 0 : 1;
  }
  EXPECT_EQ(detections, 8);
  EXPECT_EQ(KindOf(v1::Rule()), "");
  EXPECT_EQ(EventOf(v1::Rule()), nullptr);
}

TEST(MatchesRuleName, StarsStandForAnyText) {
  const std::vector<std::string> patterns = {"sshd-*", "a*b*c"};
  for (const char* name : {"sshd-", "sshd-x", "abc", "aXbbYc"})
    EXPECT_TRUE(MatchesRuleName(patterns, name)) << name;
  for (const char* name : {"", "sshd", "abcd", "ac"}) EXPECT_FALSE(MatchesRuleName(patterns, name)) << name;
}

class ShippedPack : public testing::TestWithParam<RulePack> {};

TEST_P(ShippedPack, IsWithoutErrors) {
  const Read read(GetParam().text);
  EXPECT_EQ(read.errors.ToString(), "");
  EXPECT_GT(read.file.rules_size(), 0);
}

INSTANTIATE_TEST_SUITE_P(Packs, ShippedPack, testing::ValuesIn(RulePacks().begin(), RulePacks().end()),
                         [](const auto& info) { return std::string(info.param.name); });

}  // namespace
}  // namespace cistern
