#include "service/rules/explain.h"

#include <gtest/gtest.h>

#include "ingest/message/record_batch.h"
#include "ingest/parse/parser.h"
#include "rule_files.h"

namespace cistern {
namespace {

constexpr char kText[] =
    "<86>1 2026-03-02T08:00:00Z web-01 sshd 77 - - Failed password for bo from 192.0.2.7 port 22";

Record RecordOf(std::string_view text) {
  Record record;
  ParseMessage(text, {}, record);
  return record;
}

std::string ReasonOf(const std::string& rule, bool matched) {
  const v1::RuleFile file = ReadRules("rules: [" + rule + "]");
  const RuleExplanation explained = ExplainRule(file.rules(0), RecordOf(kText), 0);
  EXPECT_EQ(explained.matched, matched) << rule;
  return explained.reason;
}

struct WhyNotCase {
  const char *filter, *reason;
};

TEST(ExplainTest, TellsThePartThatDoesNotMatch) {
  const WhyNotCase cases[] = {
      {"app:sshd \"failed password\"", ""},
      {"app:cron", R"(app_name:cron: the record has "sshd")"},
      {"app:sshd severity:>=err", R"(severity:>=err: the record has "info")"},
      {"app:sshd tag.user:bo", "tag.user:bo: the record has none"},
      {"app:sshd -host:web-*", R"(NOT hostname:web\-*: the record matches what must not)"},
      {"app:sshd (host:a OR host:b)", "hostname:a OR hostname:b: none of it matches"},
      {"app:sshd (host:web-01 AND procid:1)", R"(procid:1: the record has "77")"},
  };
  for (const WhyNotCase& each : cases) EXPECT_EQ(WhyNot(each.filter, RecordOf(kText)), each.reason);
}

TEST(ExplainTest, TellsWhatAnIngestRuleWouldDo) {
  EXPECT_EQ(ReasonOf("{name: a, filter: 'app:sshd', drop: {}}", true), "would not be stored");
  EXPECT_EQ(ReasonOf("{name: a, tag: {tags: {team: web}}}", true), R"(would have the tags team="web")");
  EXPECT_EQ(ReasonOf("{name: a, redact: {what: [ipv4]}}", true),
            R"(would be stored as "Failed password for bo from [ipv4] port 22")");
}

TEST(ExplainTest, ShowsNoHashes) {
  EXPECT_EQ(
      ReasonOf("{name: a, redact: {what: [ipv4], with: hash}}", true),
      R"(would be stored as "Failed password for bo from [ipv4] port 22", with hashes in place of the labels)");
}

TEST(ExplainTest, TellsWhyNothingIsExtracted) {
  const std::string stays = "seen by extract; it stays as it is: ";
  EXPECT_EQ(ReasonOf("{name: a, extract: {pattern: 'for (?P<user>\\S+)'}}", true),
            R"(would have the tags user="bo")");
  EXPECT_EQ(ReasonOf("{name: a, extract: {pattern: 'invalid (?P<user>\\S+)'}}", true),
            stays + "the pattern is not in the message");
  EXPECT_EQ(ReasonOf("{name: a, extract: {pattern: 'for(?P<user>)'}}", true),
            stays + "what it finds is empty, left out by `only`, or there as a tag already");
  EXPECT_EQ(ReasonOf("{name: a, extract: {key_value: {}}}", true),
            stays + "the message has no key=value pairs");
  EXPECT_EQ(ReasonOf("{name: a, extract: {json: {}}}", true), stays + "the message is no JSON object");
  EXPECT_EQ(ReasonOf("{name: a, extract: {cef: {}}}", true), stays + "the message is no CEF");
  EXPECT_EQ(ReasonOf("{name: a, extract: {leef: {}}}", true), stays + "the message is no LEEF");
  EXPECT_EQ(ReasonOf("{name: a, match: {event: {extract: ['user=(?P<user>\\S+)']}}}", true),
            "seen by match; no pattern of `extract` is in the message, so its fields are empty");
}

TEST(ExplainTest, TellsWhereADetectionSeesTheRecord) {
  EXPECT_EQ(ReasonOf("{name: a, sequence: {steps: [accepted, failed, password], within: 1m}}", true),
            "seen by sequence; it matches steps[1], steps[2]");
  EXPECT_EQ(ReasonOf("{name: a, transaction: {by: [procid], end: closed}}", true),
            "seen by transaction; it matches none of its further filters");
  EXPECT_EQ(ReasonOf("{name: a, filter: closed, threshold: {count: 2, window: 1m, reset: failed}}", false),
            "closed: the record has \"Failed password for bo from 192.0.2.7 port 22\"; but it starts "
            "the count "
            "again (reset)");
}

TEST(ExplainTest, TellsWhyARuleSeesNothing) {
  EXPECT_EQ(ReasonOf("{name: a, enabled: false, drop: {}}", false), "the rule is not enabled");
  EXPECT_EQ(ReasonOf("{name: a, match: {event: {of: events, of_rules: [b]}}}", false),
            "the rule looks at events, and this is a record");
}

}  // namespace
}  // namespace cistern
