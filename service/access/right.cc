#include "service/access/right.h"

#include <iterator>

#include "ingest/message/ip_address.h"

namespace cistern {
namespace {

constexpr v1::Role kRoles[] = {v1::ROLE_READER, v1::ROLE_INGESTER, v1::ROLE_OPERATOR, v1::ROLE_ADMIN};
constexpr std::string_view kNames[] = {"reader", "ingester", "operator", "admin"};

std::string Small(std::string_view text) {
  std::string small(text);
  for (char& c : small)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return small;
}

}  // namespace

bool RoleSet::Allows(v1::Role role) const {
  switch (role) {
    case v1::ROLE_PUBLIC:
      return true;
    case v1::ROLE_ANY:
      return !empty();
    case v1::ROLE_READER:
      return Has(v1::ROLE_READER) || Has(v1::ROLE_OPERATOR) || Has(v1::ROLE_ADMIN);
    case v1::ROLE_INGESTER:
    case v1::ROLE_OPERATOR:
    case v1::ROLE_ADMIN:
      return Has(role) || Has(v1::ROLE_ADMIN);
    default:
      return false;
  }
}

std::vector<v1::Role> RoleSet::List() const {
  std::vector<v1::Role> roles;
  for (const v1::Role role : kRoles)
    if (Has(role)) roles.push_back(role);
  return roles;
}

std::string RoleSet::ToString() const {
  std::string text;
  for (const v1::Role role : List()) text += (text.empty() ? "" : ", ") + RoleName(role);
  return text;
}

std::string RoleName(v1::Role role) {
  for (std::size_t i = 0; i < std::size(kRoles); ++i)
    if (kRoles[i] == role) return std::string(kNames[i]);
  return {};
}

std::optional<v1::Role> ParseRole(std::string_view name) {
  for (std::size_t i = 0; i < std::size(kNames); ++i)
    if (kNames[i] == name) return kRoles[i];
  return std::nullopt;
}

Result<RightPtr, std::string> MakeRight(std::string name, RoleSet roles, std::string filter,
                                        std::int64_t expires) {
  if (roles.empty()) return "roles: at least one of reader, ingester, operator and admin";
  auto parsed = Filter::Parse(filter);
  if (!parsed) return "filter: " + parsed.error().ToString();
  if (!parsed->matches_all() && roles.Allows(v1::ROLE_OPERATOR))
    return "filter: limits only reader and ingester, but there is operator or admin among the roles";
  auto right = std::make_shared<Right>();
  right->name = std::move(name);
  right->roles = roles;
  if (!parsed->matches_all()) right->filter_text = std::move(filter);
  right->filter = *std::move(parsed);
  right->expires = expires;
  return RightPtr(std::move(right));
}

std::string NormalIdentity(std::string_view identity) {
  const auto colon = identity.find(':');
  if (colon == std::string_view::npos || colon + 1 == identity.size()) return {};
  const std::string_view kind = identity.substr(0, colon + 1), name = identity.substr(colon + 1);
  if (kind == "dns:" || kind == "email:") return std::string(kind) + Small(name);
  if (kind == "uri:") return std::string(identity);
  if (kind != "ip:") return {};
  const auto address = IpAddress::Parse(name);
  return address ? "ip:" + address->ToString() : std::string();
}

}  // namespace cistern
