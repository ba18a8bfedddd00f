#include "service/config/rules.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cistern/v1/config.pb.h"
#include "service/config/config.h"

namespace cistern {
namespace {

using testing::HasSubstr;

Result<LoadedConfig, ConfigErrors> Load(const std::string& text) {
  return LoadConfigText(text, "/etc/cistern.yaml", {});
}

std::vector<std::string> NamesOf(const std::string& text) {
  const auto loaded = Load(text);
  EXPECT_TRUE(loaded) << loaded.error().ToString();
  std::vector<std::string> names;
  if (!loaded) return names;
  for (const v1::Rule& rule : ConfiguredRules(*loaded->config)) names.push_back(rule.name());
  return names;
}

std::string ErrorsOf(const std::string& text) {
  const auto loaded = Load(text);
  return loaded ? "" : loaded.error().ToString();
}

TEST(ConfiguredRules, AreThoseOfPacksAndOfTheFile) {
  EXPECT_THAT(NamesOf("rules: [{name: mine, drop: {}}]"), testing::ElementsAre("mine"));
  const auto names = NamesOf("packs: [sudo]\nrules: [{name: mine, drop: {}}]");
  EXPECT_GT(names.size(), 1u);
  EXPECT_EQ(names.back(), "mine");
}

TEST(ConfiguredRules, TakeThePlaceOfThoseOfAPack) {
  const std::string first = NamesOf("packs: [sudo]").front();
  const auto loaded = Load("packs: [sudo]\nrules: [{name: " + first + ", drop: {}}]");
  ASSERT_TRUE(loaded) << loaded.error().ToString();
  int found = 0;
  for (const v1::Rule& rule : ConfiguredRules(*loaded->config)) {
    if (rule.name() != first) continue;
    ++found;
    EXPECT_TRUE(rule.has_drop());
  }
  EXPECT_EQ(found, 1);
}

TEST(ConfiguredRules, AllPacksGoTogether) {
  EXPECT_EQ(ErrorsOf("packs: [cron, firewall, kernel, network, report, sshd, sudo]"), "");
}

TEST(CheckConfiguredRules, ErrorsNameFileLineAndKey) {
  EXPECT_THAT(ErrorsOf("rules:\n  - {name: a, drop: {}}\n  - name: b\n    filter: '('\n    drop: {}\n"),
              HasSubstr("/etc/cistern.yaml:4:13: rules[1].filter: at byte 1"));
  EXPECT_THAT(ErrorsOf("packs: [sshd, sudp]"),
              HasSubstr("/etc/cistern.yaml:1:15: packs[1]: \"sudp\" is not one of"));
  EXPECT_THAT(ErrorsOf("packs: [sudp]"), HasSubstr("did you mean sudo?"));
  EXPECT_THAT(ErrorsOf("packs: [sudo, sudo]"), HasSubstr("packs[1]: \"sudo\" is given twice"));
  EXPECT_THAT(ErrorsOf("rules: [{name: a, drop: {}}, {name: a, drop: {}}]"),
              HasSubstr("rules[1].name: \"a\" is the name of another rule already (rules[0])"));
}

TEST(DetectionsConfig, HasDefaults) {
  const auto loaded = Load("");
  ASSERT_TRUE(loaded);
  EXPECT_EQ(loaded->config->detections().tolerance(), 5'000'000'000);
  EXPECT_EQ(loaded->config->detections().max_state(), 8u << 20);
  EXPECT_EQ(loaded->config->events().max_count(), 100'000u);
}

}  // namespace
}  // namespace cistern
