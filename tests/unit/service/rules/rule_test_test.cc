#include "service/rules/rule_test.h"

#include <gmock/gmock.h>

#include "rule_files.h"

namespace cistern {
namespace {

using ::testing::ElementsAre;

std::vector<std::string> FailuresOf(const std::string& yaml) {
  const v1::RuleFile file = ReadRules(yaml);
  const auto outcome = RunRuleTest(RulesOf(file), file.tests(0), {});
  EXPECT_TRUE(outcome) << outcome.error();
  return outcome ? outcome->failures : std::vector<std::string>{};
}

constexpr char kRules[] = R"(rules:
  - {name: no-debug, filter: 'severity:debug', drop: {}}
  - {name: mark, filter: 'app:db', tag: {tags: {team: '{{hostname}}-dba'}}}
  - {name: down, filter: '"is down"', match: {by: [hostname], repeat: 1m, event: {fields: {what: '{{message}}'}}}}
tests:
  - name: one
    records:
      - '<15>1 2026-03-02T08:00:00Z h1 db - - - a detail'
      - '<11>1 2026-03-02T08:00:01Z h1 db - - - disk is down'
      - '<11>1 2026-03-02T08:00:11Z h1 db - - - disk is down'
)";

TEST(RuleTestTest, PassesWhenAllIsAsExpected) {
  EXPECT_THAT(FailuresOf(std::string(kRules) + R"(
    stored: 2
    messages: [disk is down, disk is down]
    tags: {team: h1-dba}
    events: [{rule: down, key: h1, count: 2, fields: {what: disk is down}}])"),
              ElementsAre());
}

TEST(RuleTestTest, TellsEachDifferenceInOneSentence) {
  EXPECT_THAT(FailuresOf(std::string(kRules) + R"(
    stored: 3
    messages: [disk is up]
    tags: {team: h2-dba}
    events: [{rule: down, key: h2, count: 1, fields: {what: disk, why: x}}, {rule: up}])"),
              ElementsAre(R"(event 1: key is "h1", expected "h2")",
                          R"(event 1: field what is "disk is down", expected "disk")",
                          R"(event 1: has no field why, expected "x")", "event 1: count is 2, expected 1",
                          "event 2: expected one of up, but there is none", "stored: 2 records, expected 3",
                          R"(message 1: is "disk is down", expected "disk is up")",
                          R"(message 2: "disk is down" is not expected)",
                          R"(tags: team is "h1-dba", expected "h2-dba")"));
}

TEST(RuleTestTest, EventsThatAreNotExpectedAreADifference) {
  EXPECT_THAT(FailuresOf(kRules), ElementsAre(R"(event 1: down with key "h1" is not expected)"));
}

TEST(RuleTestTest, RecordsAreReceivedWhenTheySayTheyWereMade) {
  EXPECT_THAT(FailuresOf(R"(rules:
  - {name: two, threshold: {count: 2, window: 10s}}
tests:
  - name: one
    received: 2026-03-02T08:00:00Z
    records: ['<13>Mar  2 08:00:00 h a: x', '<13>Mar  2 08:00:20 h a: x', '<13>Mar  2 08:00:25 h a: x', '<13>h a: no time'])"),
              ElementsAre(R"(event 1: two with key "" is not expected)"));
}

TEST(RuleTestTest, TimePassesAfterTheLastRecord) {
  constexpr char kAbsent[] = R"(rules:
  - {name: quiet, absent: {after: 5m, by: [hostname]}}
tests:
  - name: one
    records: ['<13>1 2026-03-02T08:00:00Z h a - - - x']
    then_wait: )";
  EXPECT_THAT(FailuresOf(std::string(kAbsent) + "4m"), ElementsAre());
  EXPECT_THAT(FailuresOf(std::string(kAbsent) + "6m"),
              ElementsAre(R"(event 1: quiet with key "h" is not expected)"));
}

TEST(RuleTestTest, EventsRaiseFurtherEvents) {
  EXPECT_THAT(FailuresOf(R"(rules:
  - {name: low, filter: 'low', match: {by: [hostname]}}
  - name: many
    threshold: {count: 2, window: 1m, event: {of: events, of_rules: [low]}}
tests:
  - name: one
    records: ['<13>1 2026-03-02T08:00:00Z h a - - - low', '<13>1 2026-03-02T08:00:09Z i a - - - low']
    events: [{rule: low, key: h}, {rule: low, key: i}, {rule: many}])"),
              ElementsAre());
}

TEST(RuleTestTest, ATimeThatIsNoneIsADifference) {
  EXPECT_THAT(FailuresOf(R"(rules: [{name: a, drop: {}}]
tests: [{name: one, received: soon}])"),
              ElementsAre(R"(received: "soon" is not a time such as 2026-01-01T00:00:00Z)"));
}

}  // namespace
}  // namespace cistern
