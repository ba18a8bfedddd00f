#include "service/rules/packs.h"

#include <gmock/gmock.h>

#include "rule_files.h"
#include "service/rules/rule_test.h"

namespace cistern {
namespace {

using ::testing::ElementsAre;

class PackTest : public testing::TestWithParam<RulePack> {};

TEST(RulePacksTest, AreThoseThatAreShipped) {
  std::vector<std::string_view> names;
  for (const RulePack& pack : RulePacks()) names.push_back(pack.name);
  EXPECT_THAT(names, ElementsAre("cron", "firewall", "kernel", "network", "report", "sshd", "sudo"));
}

TEST(RulePacksTest, AreFoundByName) {
  ASSERT_NE(FindRulePack("sshd"), nullptr);
  EXPECT_EQ(FindRulePack("sshd")->name, "sshd");
  EXPECT_EQ(FindRulePack("ssh"), nullptr);
}

// Packs may be in force together.
TEST(RulePacksTest, HaveRulesWithDifferentNames) {
  std::vector<v1::Rule> all;
  for (const RulePack& pack : RulePacks()) {
    const v1::RuleFile file = ReadRules(pack.text);
    all.insert(all.end(), file.rules().begin(), file.rules().end());
  }
  std::vector<const v1::Rule*> rules;
  for (const v1::Rule& rule : all) rules.push_back(&rule);
  const std::vector<std::string> keys(rules.size());
  YamlErrors errors;
  CheckRuleSet(rules, keys, {}, errors);
  EXPECT_EQ(errors.ToString(), "");
}

TEST_P(PackTest, PassesItsTests) {
  const v1::RuleFile file = ReadRules(GetParam().text);
  EXPECT_GT(file.tests_size(), 0);
  for (const v1::RuleTest& test : file.tests()) {
    const auto outcome = RunRuleTest(RulesOf(file), test, {});
    ASSERT_TRUE(outcome) << outcome.error();
    EXPECT_THAT(outcome->failures, ElementsAre()) << test.name();
  }
}

TEST_P(PackTest, HasATestOfEachRuleInForce) {
  const v1::RuleFile file = ReadRules(GetParam().text);
  for (const v1::Rule& rule : file.rules()) {
    const bool raised = std::any_of(file.tests().begin(), file.tests().end(), [&](const v1::RuleTest& test) {
      return std::any_of(test.events().begin(), test.events().end(),
                         [&](const v1::ExpectedEvent& event) { return event.rule() == rule.name(); });
    });
    EXPECT_TRUE(raised || !rule.enabled()) << rule.name();
  }
}

INSTANTIATE_TEST_SUITE_P(, PackTest, testing::ValuesIn(RulePacks().begin(), RulePacks().end()),
                         [](const auto& info) { return std::string(info.param.name); });

}  // namespace
}  // namespace cistern
