// tokens create, list, revoke; whoami.
#include <fmt/format.h>

#include <ostream>

#include "cistern/v1/access_service.pb.h"
#include "ctl/client.h"
#include "ctl/command/options.h"
#include "ctl/printer/access.h"
#include "ctl/printer/text.h"
#include "ctl/printer/time_text.h"

namespace cistern::ctl {
namespace {

struct CreateOptions {
  std::string name, filter;
  std::vector<std::string> roles;
  std::int64_t expires = 0;
  CLI::Option* expires_option = nullptr;
};

v1::Role RoleOf(const std::string& name) {
  if (name == "reader") return v1::ROLE_READER;
  if (name == "ingester") return v1::ROLE_INGESTER;
  if (name == "operator") return v1::ROLE_OPERATOR;
  return name == "admin" ? v1::ROLE_ADMIN : v1::ROLE_UNSPECIFIED;
}

// The secret alone goes to standard output, so that it can be piped into a file.
void RunCreate(Context& context, const CreateOptions& options) {
  v1::CreateTokenRequest request;
  request.set_name(options.name);
  for (const std::string& role : options.roles) {
    if (RoleOf(role) == v1::ROLE_UNSPECIFIED) {
      UsageError(context,
                 "--role: \"" + Visible(role) + "\" is not one of reader, ingester, operator, admin");
      return;
    }
    request.add_roles(RoleOf(role));
  }
  request.set_filter(options.filter);
  if (IsGiven(options.expires_option)) SetNs(context.now_ns + options.expires, *request.mutable_expires());
  v1::CreateTokenResponse response;
  if (Report(context, Client(context).CreateToken(request, response), options.filter) != kExitOk) return;
  Note(context, fmt::format("token {} made; this is its secret, which cannot be shown again:", options.name));
  Output(context).text() = response.secret() + '\n';
}

void RunList(Context& context, const std::string& form) {
  v1::ListTokensResponse response;
  if (Report(context, Client(context).ListTokens(response)) != kExitOk) return;
  Output output(context);
  if (form == "json") {
    for (const v1::TokenInfo& token : response.tokens()) AppendTokenJson(token, output.text());
    return;
  }
  if (response.tokens().empty())
    return Note(context, "no tokens; `cisternctl tokens create NAME --role ROLE` makes one");
  Grid grid = TokenGrid();
  for (const v1::TokenInfo& token : response.tokens()) AddTokenRow(token, context.now_ns, grid);
  grid.AppendTo(output.text(), context.color);
}

void RunRevoke(Context& context, const std::string& name) {
  v1::RevokeTokenRequest request;
  request.set_name(name);
  if (Report(context, Client(context).RevokeToken(request)) == kExitOk)
    Note(context, fmt::format("token {} revoked; what it runs ends within seconds", name));
}

void RunWhoAmI(Context& context, const std::string& form) {
  v1::WhoAmIResponse response;
  if (Report(context, Client(context).WhoAmI(response)) != kExitOk) return;
  Output output(context);
  if (form == "json") return AppendCallerJson(response, output.text());
  AppendCallerText(response, context.now_ns, output.text());
}

void RegisterCreate(CLI::App& tokens, Context& context) {
  auto& create = AddCommand(tokens, "create", "Makes a token and prints its secret, once");
  auto options = std::make_shared<CreateOptions>();
  Require(AddText(create, "NAME", options->name, "", "1 to 63 small letters, digits, - and _"));
  Require(AddTexts(create, "--role", options->roles, "reader, ingester, operator or admin; may be repeated"));
  AddText(create, "--filter", options->filter, "FILTER",
          "Reads only records that match, such as app:payments");
  options->expires_option =
      AddSpan(create, "--expires", options->expires, "Worthless after this span, such as 90d");
  AddExamples(
      create,
      "A reader reads, an ingester sends, an operator also changes rules, events and silences, an admin may\n"
      "do everything. The secret goes to standard output alone; the daemon keeps only its hash. Show it "
      "with\n"
      "--token-file or CISTERN_TOKEN_FILE, and in other programs as `authorization: Bearer SECRET`.",
      {"tokens create grafana --role reader --expires 90d > grafana.token",
       "tokens create payments --role reader --filter app:payments"});
  OnRun(create, [&context, options] { RunCreate(context, *options); });
}

}  // namespace

void RegisterTokens(CLI::App& root, Context& context) {
  auto& command = AddCommand(root, "tokens", "Tokens: who may do what without a client certificate");
  AddExamples(command, "Rights can also be given in the configuration: control.grants.",
              {"tokens list", "tokens create grafana --role reader --expires 90d"});
  RegisterCreate(command, context);

  auto& list = AddCommand(command, "list", "Shows tokens, never their secrets");
  auto form = std::make_shared<std::string>("table");
  AddOverviewOutput(list, *form);
  AddExamples(list, "", {"tokens list", "tokens list -o json"});
  OnRun(list, [&context, form] { RunList(context, *form); });

  auto& revoke = AddCommand(command, "revoke", "Makes a token worthless at once");
  auto name = std::make_shared<std::string>();
  Require(AddText(revoke, "NAME", *name, "", "Name of the token"));
  AddExamples(revoke, "", {"tokens revoke grafana"});
  OnRun(revoke, [&context, name] { RunRevoke(context, *name); });
}

void RegisterWhoAmI(CLI::App& root, Context& context) {
  auto& command = AddCommand(root, "whoami", "Shows who the daemon takes you for, and what you may do");
  auto form = std::make_shared<std::string>("table");
  AddOverviewOutput(command, *form);
  AddExamples(command, "", {"whoami", "whoami -o json"});
  OnRun(command, [&context, form] { RunWhoAmI(context, *form); });
}

}  // namespace cistern::ctl
