#include "service/control/access_service.h"

#include <charconv>

#include "ingest/message/wall_time.h"
#include "proto/convert/record.h"
#include "service/control/blocking_call.h"
#include "service/control/call_watch.h"
#include "service/control/peer.h"
#include "service/control/status_map.h"
#include "service/forward/spec.h"

namespace cistern {
namespace {

constexpr std::size_t kDefaultPage = 100, kLargestPage = 1000;

void ShowToken(const TokenView& view, v1::TokenInfo* out) {
  out->set_name(view.right->name);
  for (const v1::Role role : view.right->roles.List()) out->add_roles(role);
  out->set_filter(view.right->filter_text);
  ToProto(view.created, out->mutable_created());
  out->set_created_by(view.created_by);
  if (view.right->expires != 0) ToProto(view.right->expires, out->mutable_expires());
}

void ShowEntry(const AuditRecord& record, v1::AuditEntry* out) {
  out->set_number(record.number);
  ToProto(record.time, out->mutable_time());
  out->set_caller(record.caller);
  out->set_peer(record.peer);
  out->set_method(record.method);
  out->set_object(record.object);
  out->set_result(record.result);
  out->set_message(record.message);
}

// The right that is asked for; or why it cannot be.
Result<RightPtr, std::string> ReadRight(const v1::CreateTokenRequest& request) {
  if (!IsTargetName(request.name())) return "name: must be 1 to 63 small letters, digits, - and _";
  if (request.name() == "local") return "name: local is who comes through the Unix socket; choose another";
  RoleSet roles;
  for (const int role : request.roles()) {
    if (RoleName(static_cast<v1::Role>(role)).empty())
      return "roles: only ROLE_READER, ROLE_INGESTER, ROLE_OPERATOR and ROLE_ADMIN can be given";
    roles.Add(static_cast<v1::Role>(role));
  }
  const std::int64_t expires = request.has_expires() ? FromProto(request.expires()) : 0;
  if (request.has_expires() && expires <= WallTime()) return "expires: has passed already";
  return MakeRight(request.name(), roles, request.filter(), expires);
}

struct AuditRange {
  std::uint64_t before = 0;  // number
  std::size_t limit = kDefaultPage;
  std::int64_t from = INT64_MIN, to = INT64_MAX;
};

grpc::Status ReadRange(const v1::ListAuditRequest& request, AuditRange& range) {
  if (request.page_size() > kLargestPage) return InvalidArgument("page_size: must be at most 1000");
  if (request.page_size() > 0) range.limit = request.page_size();
  if (request.has_from()) range.from = FromProto(request.from());
  if (request.has_to()) range.to = FromProto(request.to());
  const std::string& token = request.page_token();
  if (token.empty()) return grpc::Status::OK;
  const auto read = std::from_chars(token.data(), token.data() + token.size(), range.before);
  const bool whole = read.ec == std::errc() && read.ptr == token.data() + token.size() && range.before > 0;
  return whole ? grpc::Status::OK : InvalidArgument("page_token: is not one that ListAudit gave");
}

grpc::Status ListEntries(AuditLog& audit, AuditRange range, v1::ListAuditResponse* out) {
  for (;;) {
    const auto records = audit.List(range.before, kLargestPage);
    if (!records) return ToGrpc(records.error());
    if (records->empty()) return grpc::Status::OK;
    for (const AuditRecord& record : *records) {
      if (record.time < range.from) return grpc::Status::OK;
      if (static_cast<std::size_t>(out->entries_size()) == range.limit) {
        out->set_next_page_token(std::to_string(range.before));
        return grpc::Status::OK;
      }
      if (record.time < range.to) ShowEntry(record, out->add_entries());
      range.before = record.number;
    }
    if (range.before <= 1) return grpc::Status::OK;
  }
}

}  // namespace

grpc::ServerUnaryReactor* AccessServiceImpl::CreateToken(Rpc* rpc, const v1::CreateTokenRequest* request,
                                                         v1::CreateTokenResponse* response) {
  return BlockingCall::Start(*rpc, context_.pool, context_.calls,
                             [=, this, who = WhoCalls(*rpc)]() -> grpc::Status {
                               const auto right = ReadRight(*request);
                               if (!right) return InvalidArgument(right.error());
                               const auto made = context_.access.CreateToken(*right, who);
                               if (!made && made.error().kind == ChangeError::Kind::kConflict)
                                 return {grpc::StatusCode::ALREADY_EXISTS, made.error().text};
                               if (!made) return ToGrpc(made.error());
                               response->set_secret(made->secret);
                               ShowToken(made->token, response->mutable_token());
                               return grpc::Status::OK;
                             });
}

grpc::ServerUnaryReactor* AccessServiceImpl::ListTokens(Rpc*, const v1::ListTokensRequest*,
                                                        v1::ListTokensResponse* response) {
  for (const TokenView& view : context_.access.Tokens()) ShowToken(view, response->add_tokens());
  return new Finished<grpc::ServerUnaryReactor>(grpc::Status::OK);
}

grpc::ServerUnaryReactor* AccessServiceImpl::RevokeToken(Rpc* rpc, const v1::RevokeTokenRequest* request,
                                                         v1::RevokeTokenResponse*) {
  return BlockingCall::Start(*rpc, context_.pool, context_.calls, [=, this]() -> grpc::Status {
    const auto done = context_.access.RevokeToken(request->name());
    return done ? grpc::Status::OK : ToGrpc(done.error());
  });
}

grpc::ServerUnaryReactor* AccessServiceImpl::WhoAmI(Rpc* rpc, const v1::WhoAmIRequest*,
                                                    v1::WhoAmIResponse* response) {
  const auto facts = FactsOf(*rpc);
  response->set_peer(facts ? facts->peer : "local");
  if (facts && facts->right) {
    response->set_name(facts->right->name);
    for (const v1::Role role : facts->right->roles.List()) response->add_roles(role);
    response->set_filter(facts->right->filter_text);
    if (facts->right->expires != 0) ToProto(facts->right->expires, response->mutable_expires());
  }
  return new Finished<grpc::ServerUnaryReactor>(grpc::Status::OK);
}

grpc::ServerUnaryReactor* AccessServiceImpl::ListAudit(Rpc* rpc, const v1::ListAuditRequest* request,
                                                       v1::ListAuditResponse* response) {
  return BlockingCall::Start(*rpc, context_.pool, context_.calls, [=, this]() -> grpc::Status {
    AuditRange range;
    if (auto status = ReadRange(*request, range); !status.ok()) return status;
    return ListEntries(context_.audit, range, response);
  });
}

}  // namespace cistern
