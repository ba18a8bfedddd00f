// Calls of AccessService.
#include "ctl/client_impl.h"

namespace cistern::ctl {

CallStatus Client::CreateToken(const v1::CreateTokenRequest& request, v1::CreateTokenResponse& response) {
  return impl_->Unary([&](auto& call) { return impl_->access->CreateToken(&call, request, &response); });
}

CallStatus Client::ListTokens(v1::ListTokensResponse& response) {
  return impl_->Unary([&](auto& call) { return impl_->access->ListTokens(&call, {}, &response); });
}

CallStatus Client::RevokeToken(const v1::RevokeTokenRequest& request) {
  v1::RevokeTokenResponse nothing;
  return impl_->Unary([&](auto& call) { return impl_->access->RevokeToken(&call, request, &nothing); });
}

CallStatus Client::WhoAmI(v1::WhoAmIResponse& response) {
  return impl_->Unary([&](auto& call) { return impl_->access->WhoAmI(&call, {}, &response); });
}

CallStatus Client::ListAudit(const v1::ListAuditRequest& request, v1::ListAuditResponse& response) {
  return impl_->Unary([&](auto& call) { return impl_->access->ListAudit(&call, request, &response); });
}

}  // namespace cistern::ctl
