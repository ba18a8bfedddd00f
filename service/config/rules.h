// The rules of a configuration: its own and those of the packs it names.
#pragma once

#include <string>
#include <vector>

#include "cistern/v1/rule.pb.h"
#include "service/config/layers.h"

namespace cistern {

// In the order of the configuration, packs first; of a loaded configuration. A rule of a pack whose name the
// configuration gives to one of its own is left out.
std::vector<v1::Rule> ConfiguredRules(const v1::Config& config);

// The pack that has this rule as it is, enabled or not; empty: none.
std::string PackOf(const v1::Rule& rule);

// Adds an error for each pack that there is not, and all that is wrong with the rules.
void CheckConfiguredRules(const ConfigTarget& target);

}  // namespace cistern
