#include "ctl/command/apply_file.h"

#include "cistern/v1/config.pb.h"
#include "ctl/command/definition_file.h"
#include "service/forward/spec.h"
#include "service/rules/definition.h"

namespace cistern::ctl {
namespace {

// Of a copy with all defaults: what is sent stays as it was written.
void CheckFile(v1::ApplyFile file, YamlTarget target) {
  for (v1::Target& forwarded : *file.mutable_targets()) AddImpliedGroups(forwarded);
  Origins origins = target.origins;
  FillDefaults(file, origins);
  for (int i = 0; i < file.targets_size(); ++i)
    CheckTarget(file.targets(i), JoinIndex("targets", i), origins, target.errors);
  std::vector<const v1::Rule*> rules;
  std::vector<std::string> keys;
  for (int i = 0; i < file.rules_size(); ++i) {
    rules.push_back(&file.rules(i));
    keys.push_back(JoinIndex("rules", i));
    CheckRule(file.rules(i), keys.back(), origins, target.errors);
  }
  CheckRuleSet(rules, keys, origins, target.errors);
}

}  // namespace

bool ReadApplyFile(Context& context, const std::string& path, v1::ApplyFile& file) {
  return ReadDefinitionFile(
      context, path, file, "targets or rules", [&] { return file.targets_size() + file.rules_size() > 0; },
      [&](YamlTarget target) { CheckFile(file, target); });
}

}  // namespace cistern::ctl
