#include "ctl/printer/access.h"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>

#include "cistern/v1/access_service.pb.h"
#include "ctl/printer/text.h"
#include "ctl/printer/time_text.h"
#include "proto/convert/json.h"

namespace cistern::ctl {
namespace {

std::string RoleName(int role) {
  switch (role) {
    case v1::ROLE_READER:
      return "reader";
    case v1::ROLE_INGESTER:
      return "ingester";
    case v1::ROLE_OPERATOR:
      return "operator";
    case v1::ROLE_ADMIN:
      return "admin";
    default:
      return "?";
  }
}

template <class Message>
std::string RolesText(const Message& message) {
  std::string text;
  for (const int role : message.roles()) text += (text.empty() ? "" : ", ") + RoleName(role);
  return text;
}

template <class Message>
void RolesJson(const Message& message, JsonWriter& json) {
  json.Key("roles").BeginArray();
  for (const int role : message.roles()) json.String(RoleName(role));
  json.EndArray();
}

template <class Message>
std::string ExpiryText(const Message& message, std::int64_t now_ns) {
  if (!message.has_expires()) return "never";
  const std::int64_t left = ToNs(message.expires()) - now_ns;
  return left <= 0 ? "expired" : "in " + FormatSpan(left / 1'000'000'000 * 1'000'000'000);
}

std::string Ago(const google::protobuf::Timestamp& time, std::int64_t now_ns) {
  return FormatSpan(std::max<std::int64_t>(0, (now_ns - ToNs(time)) / 1'000'000'000 * 1'000'000'000)) +
         " ago";
}

}  // namespace

Grid TokenGrid() { return Grid({{"NAME"}, {"ROLES"}, {"EXPIRES"}, {"MADE"}, {"BY"}, {"FILTER"}}); }

void AddTokenRow(const v1::TokenInfo& token, std::int64_t now_ns, Grid& grid) {
  grid.AddRow({token.name(), RolesText(token), ExpiryText(token, now_ns), Ago(token.created(), now_ns),
               token.created_by(), token.filter()});
}

void AppendTokenJson(const v1::TokenInfo& token, std::string& out) {
  JsonWriter json(out);
  json.BeginObject().Key("name").String(token.name());
  RolesJson(token, json);
  json.OptionalString("filter", token.filter());
  json.Key("created").Time(token.created()).OptionalString("created_by", token.created_by());
  if (token.has_expires()) json.Key("expires").Time(token.expires());
  json.EndObject();
  out += '\n';
}

Grid AuditGrid() {
  return Grid({{"TIME"}, {"CALLER"}, {"PEER"}, {"CALL"}, {"OBJECT"}, {"RESULT"}, {"MESSAGE"}});
}

void AddAuditRow(const v1::AuditEntry& entry, Grid& grid) {
  constexpr std::string_view kPrefix = "/cistern.v1.";
  const std::string& method = entry.method();
  std::string time;
  LocalClock(absl::LocalTimeZone()).AppendMillis(entry.time(), time);
  grid.AddRow({time, entry.caller(), entry.peer(),
               method.starts_with(kPrefix) ? method.substr(kPrefix.size()) : method, entry.object(),
               entry.result(), entry.message()});
}

void AppendAuditJson(const v1::AuditEntry& entry, std::string& out) {
  JsonWriter json(out);
  json.BeginObject().Key("number").Number(entry.number()).Key("time").Time(entry.time());
  json.OptionalString("caller", entry.caller()).OptionalString("peer", entry.peer());
  json.OptionalString("method", entry.method()).OptionalString("object", entry.object());
  json.OptionalString("result", entry.result()).OptionalString("message", entry.message());
  json.EndObject();
  out += '\n';
}

void AppendCallerText(const v1::WhoAmIResponse& caller, std::int64_t now_ns, std::string& out) {
  out += fmt::format("{} from {}: {}\n", Visible(caller.name()), Visible(caller.peer()), RolesText(caller));
  if (!caller.filter().empty()) out += fmt::format("reads only {}\n", Visible(caller.filter()));
  if (caller.has_expires()) out += fmt::format("expires {}\n", ExpiryText(caller, now_ns));
}

void AppendCallerJson(const v1::WhoAmIResponse& caller, std::string& out) {
  JsonWriter json(out);
  json.BeginObject().Key("name").String(caller.name());
  RolesJson(caller, json);
  json.OptionalString("filter", caller.filter()).OptionalString("peer", caller.peer());
  if (caller.has_expires()) json.Key("expires").Time(caller.expires());
  json.EndObject();
  out += '\n';
}

}  // namespace cistern::ctl
