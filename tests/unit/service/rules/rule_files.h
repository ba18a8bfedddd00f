// Files of rules for tests.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

#include "cistern/v1/rule.pb.h"
#include "proto/yaml/reader.h"
#include "service/rules/definition.h"

namespace cistern {

// Reads and prepares `text`; what is wrong with it fails the test.
inline v1::RuleFile ReadRules(std::string_view text) {
  v1::RuleFile file;
  Origins origins;
  YamlErrors errors;
  const YamlTarget target{file, origins, errors};
  ReadYaml(text, {{OriginKind::kFile, "rules.yaml"}, "/"}, target);
  CheckRequired(target);
  EXPECT_EQ(errors.ToString(), "");
  for (v1::Rule& rule : *file.mutable_rules()) EXPECT_EQ(PrepareRule(rule, 0).ToString(), "") << rule.name();
  return file;
}

inline std::vector<v1::Rule> RulesOf(const v1::RuleFile& file) {
  return {file.rules().begin(), file.rules().end()};
}

}  // namespace cistern
