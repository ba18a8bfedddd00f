// RuleService.
#include "ctl/client_impl.h"

namespace cistern::ctl {

CallStatus Client::ListRules(const v1::ListRulesRequest& request, v1::ListRulesResponse& response) {
  return impl_->Unary([&](auto& call) { return impl_->rule->ListRules(&call, request, &response); });
}

CallStatus Client::GetRule(const v1::GetRuleRequest& request, v1::RuleInfo& response) {
  return impl_->Unary([&](auto& call) { return impl_->rule->GetRule(&call, request, &response); });
}

CallStatus Client::ApplyRules(const v1::ApplyRulesRequest& request, v1::ApplyRulesResponse& response) {
  return impl_->Unary([&](auto& call) { return impl_->rule->ApplyRules(&call, request, &response); });
}

CallStatus Client::DeleteRule(const v1::DeleteRuleRequest& request) {
  v1::DeleteRuleResponse nothing;
  return impl_->Unary([&](auto& call) { return impl_->rule->DeleteRule(&call, request, &nothing); });
}

CallStatus Client::EnableRule(const v1::EnableRuleRequest& request, v1::RuleInfo& response) {
  return impl_->Unary([&](auto& call) { return impl_->rule->EnableRule(&call, request, &response); });
}

CallStatus Client::DisableRule(const v1::DisableRuleRequest& request, v1::RuleInfo& response) {
  return impl_->Unary([&](auto& call) { return impl_->rule->DisableRule(&call, request, &response); });
}

CallStatus Client::ListRuleChanges(const v1::ListRuleChangesRequest& request,
                                   v1::ListRuleChangesResponse& response) {
  return impl_->Unary([&](auto& call) { return impl_->rule->ListRuleChanges(&call, request, &response); });
}

CallStatus Client::RollbackRules(const v1::RollbackRulesRequest& request, v1::ApplyRulesResponse& response) {
  return impl_->Unary([&](auto& call) { return impl_->rule->RollbackRules(&call, request, &response); });
}

CallStatus Client::ConfirmRules(v1::ConfirmRulesResponse& response) {
  return impl_->Unary([&](auto& call) { return impl_->rule->ConfirmRules(&call, {}, &response); });
}

CallStatus Client::TestRules(const v1::TestRulesRequest& request, v1::TestRulesResponse& response) {
  return impl_->Unary([&](auto& call) { return impl_->rule->TestRules(&call, request, &response); });
}

CallStatus Client::ExplainRecord(const v1::ExplainRecordRequest& request,
                                 v1::ExplainRecordResponse& response) {
  return impl_->Unary([&](auto& call) { return impl_->rule->ExplainRecord(&call, request, &response); });
}

CallStatus Client::RehearseRules(const v1::RehearseRulesRequest& request,
                                 const std::function<bool(v1::RehearseRulesResponse&)>& on_response) {
  return impl_->Stream<v1::RehearseRulesResponse>(
      [&](auto& call) { return impl_->rule->RehearseRules(&call, request); }, on_response);
}

}  // namespace cistern::ctl
