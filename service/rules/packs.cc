#include "service/rules/packs.h"

#include <algorithm>

namespace cistern {
namespace {

constexpr RulePack kRulePacks[] = {
#include "rule_packs.inc"  // written by embed_packs.cmake
};

}  // namespace

std::span<const RulePack> RulePacks() { return kRulePacks; }

const RulePack* FindRulePack(std::string_view name) {
  const auto found = std::find_if(std::begin(kRulePacks), std::end(kRulePacks),
                                  [&](const RulePack& pack) { return pack.name == name; });
  return found == std::end(kRulePacks) ? nullptr : found;
}

}  // namespace cistern
