// AccessService: tokens, who calls, and the audit log. service/access does the work.
#pragma once

#include "cistern/v1/access_service.grpc.pb.h"
#include "service/access/access.h"
#include "service/access/audit_log.h"
#include "service/control/log_context.h"

namespace cistern {

// What the calls share. Outlives every call.
struct AccessContext {
  static constexpr int kMaxCalls = 32;  // at once
  AccessContext(Access& the_access, AuditLog& the_audit) : access(the_access), audit(the_audit) {}

  Access& access;
  AuditLog& audit;
  WorkerPool pool{1};
  OpenStreams calls{kMaxCalls};
};

class AccessServiceImpl final : public v1::AccessService::CallbackService {
 public:
  explicit AccessServiceImpl(AccessContext& context) : context_(context) {}

  using Unary = grpc::ServerUnaryReactor;
  using Rpc = grpc::CallbackServerContext;
  Unary* CreateToken(Rpc* rpc, const v1::CreateTokenRequest* request,
                     v1::CreateTokenResponse* response) override;
  Unary* ListTokens(Rpc* rpc, const v1::ListTokensRequest* request,
                    v1::ListTokensResponse* response) override;
  Unary* RevokeToken(Rpc* rpc, const v1::RevokeTokenRequest* request,
                     v1::RevokeTokenResponse* response) override;
  Unary* WhoAmI(Rpc* rpc, const v1::WhoAmIRequest* request, v1::WhoAmIResponse* response) override;
  Unary* ListAudit(Rpc* rpc, const v1::ListAuditRequest* request, v1::ListAuditResponse* response) override;

 private:
  AccessContext& context_;
};

}  // namespace cistern
