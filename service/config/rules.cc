#include "service/config/rules.h"

#include <google/protobuf/util/message_differencer.h>

#include <map>
#include <set>
#include <string>
#include <utility>

#include "cistern/v1/config.pb.h"
#include "proto/yaml/reader.h"
#include "proto/yaml/scalar.h"
#include "proto/yaml/suggest.h"
#include "service/rules/definition.h"
#include "service/rules/packs.h"

namespace cistern {
namespace {

// Its tests see to it that a pack has no errors.
v1::RuleFile ReadPack(const RulePack& pack) {
  v1::RuleFile file;
  Origins origins;
  YamlErrors errors;
  ReadYaml(pack.text, {{OriginKind::kFile, "pack " + std::string(pack.name)}, ""}, {file, origins, errors});
  FillDefaults(file, origins);
  return file;
}

// Rules, and the key that each stands under.
struct KeyedRules {
  std::vector<v1::Rule> rules;
  std::vector<std::string> keys;
};

KeyedRules Collect(const v1::Config& config) {
  std::set<std::string> own;
  for (const v1::Rule& rule : config.rules()) own.insert(rule.name());
  KeyedRules collected;
  for (int i = 0; i < config.packs_size(); ++i) {
    const RulePack* pack = FindRulePack(config.packs(i));
    if (pack == nullptr) continue;
    const v1::RuleFile file = ReadPack(*pack);
    for (const v1::Rule& rule : file.rules()) {
      if (own.contains(rule.name())) continue;
      collected.rules.push_back(rule);
      collected.keys.push_back(JoinIndex("packs", i));
    }
  }
  for (int i = 0; i < config.rules_size(); ++i) {
    collected.rules.push_back(config.rules(i));
    collected.keys.push_back(JoinIndex("rules", i));
  }
  return collected;
}

void CheckPacks(const ConfigTarget& target) {
  std::vector<std::string> names;
  for (const RulePack& pack : RulePacks()) names.emplace_back(pack.name);
  std::set<std::string> seen;
  for (int i = 0; i < target.config.packs_size(); ++i) {
    const std::string key = JoinIndex("packs", i);
    const std::string& name = target.config.packs(i);
    const Origin& where = NearestOrigin(target.origins, key);
    if (FindRulePack(name) == nullptr)
      target.errors.Add(where, key, Quoted(name) + " is not one of " + JoinNames(names),
                        Suggest(name, names));
    if (!seen.insert(name).second) target.errors.Add(where, key, Quoted(name) + " is given twice");
  }
}

}  // namespace

std::vector<v1::Rule> ConfiguredRules(const v1::Config& config) { return Collect(config).rules; }

std::string PackOf(const v1::Rule& rule) {
  static const auto kPacked = [] {
    std::map<std::string, std::pair<std::string, v1::Rule>> packed;  // by the name of the rule
    for (const RulePack& pack : RulePacks()) {
      const v1::RuleFile file = ReadPack(pack);
      for (const v1::Rule& each : file.rules()) packed[each.name()] = {std::string(pack.name), each};
    }
    return packed;
  }();
  const auto found = kPacked.find(rule.name());
  if (found == kPacked.end()) return {};
  v1::Rule shipped = found->second.second;
  shipped.set_enabled(rule.enabled());
  const bool same = google::protobuf::util::MessageDifferencer::Equals(shipped, rule);
  return same ? found->second.first : std::string();
}

void CheckConfiguredRules(const ConfigTarget& target) {
  const std::size_t before = target.errors.items.size();
  CheckPacks(target);
  for (int i = 0; i < target.config.rules_size(); ++i)
    CheckRule(target.config.rules(i), JoinIndex("rules", i), target.origins, target.errors);
  if (target.errors.items.size() != before) return;
  const KeyedRules collected = Collect(target.config);
  std::vector<const v1::Rule*> rules;
  for (const v1::Rule& rule : collected.rules) rules.push_back(&rule);
  CheckRuleSet(rules, collected.keys, target.origins, target.errors);
}

}  // namespace cistern
