#include "service/access/grants.h"

#include <map>

#include "cistern/v1/config.pb.h"
#include "proto/yaml/scalar.h"
#include "service/forward/spec.h"

namespace cistern {
namespace {

RoleSet RolesOf(const v1::GrantConfig& grant) {
  RoleSet roles;
  for (const std::string& name : grant.roles())
    if (const auto role = ParseRole(name)) roles.Add(*role);
  return roles;
}

class GrantCheck {
 public:
  GrantCheck(const Origins& origins, YamlErrors& errors) : origins_(origins), errors_(errors) {}

  void Check(const v1::GrantConfig& grant, const std::string& key) {
    CheckName(grant.name(), key + ".name");
    if (grant.has_identity() && NormalIdentity(grant.identity()).empty()) {
      Fail(key + ".identity",
           Quoted(grant.identity()) +
               " is no name of a certificate; write dns:NAME, ip:ADDRESS, uri:URI or email:ADDRESS");
    }
    for (int i = 0; i < grant.roles_size(); ++i) {
      if (ParseRole(grant.roles(i))) continue;
      return Fail(JoinIndex(key + ".roles", i),
                  Quoted(grant.roles(i)) + " is not one of reader, ingester, operator, admin");
    }
    const auto right = MakeRight(grant.name(), RolesOf(grant), grant.filter());
    if (right) return;
    const auto colon = right.error().find(": ");  // the error names the key
    Fail(key + "." + right.error().substr(0, colon), right.error().substr(colon + 2));
  }

  void Fail(const std::string& key, std::string message) {
    errors_.Add(NearestOrigin(origins_, key), key, std::move(message));
  }

 private:
  void CheckName(const std::string& name, const std::string& key) {
    if (!IsTargetName(name))
      return Fail(key, Quoted(name) + " is not a name: 1 to 63 small letters, digits, - and _");
    if (name == "local")
      return Fail(key, "\"local\" is who comes through the Unix socket; choose another name");
    const auto [first, is_new] = names_.emplace(name, key);
    if (!is_new) Fail(key, Quoted(name) + " is the name of another grant already (" + first->second + ")");
  }

  const Origins& origins_;
  YamlErrors& errors_;
  std::map<std::string, std::string> names_;  // to the key that took it
};

}  // namespace

void CheckGrants(const v1::ControlConfig& control, const Origins& origins, YamlErrors& errors) {
  GrantCheck check(origins, errors);
  for (int i = 0; i < control.grants_size(); ++i)
    check.Check(control.grants(i), JoinIndex("control.grants", i));
}

std::vector<Grant> ToGrants(const v1::ControlConfig& control) {
  std::vector<Grant> grants;
  for (const v1::GrantConfig& config : control.grants()) {
    auto right = MakeRight(config.name(), RolesOf(config), config.filter());
    if (right) grants.push_back({*right, NormalIdentity(config.identity()), config.token_file()});
  }
  return grants;
}

}  // namespace cistern
