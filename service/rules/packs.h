// The rule packs that come with the program: files of rules with their tests inside (packs/*.yaml), made part
// of it when it is built.
#pragma once

#include <span>
#include <string_view>

namespace cistern {

struct RulePack {
  std::string_view name;  // such as `sshd`
  std::string_view text;  // YAML, a RuleFile
};

// By name.
std::span<const RulePack> RulePacks();
// Null: there is no such pack.
const RulePack* FindRulePack(std::string_view name);

}  // namespace cistern
