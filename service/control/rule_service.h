// RuleService: rules. service/rules does the work; calls that try rules are in rule_trials.h.
#pragma once

#include "cistern/v1/rule_service.grpc.pb.h"
#include "service/control/rule_trials.h"
#include "service/rules/rule_figures.h"

namespace cistern {

// What the calls share. Outlives every call. Changes wait for the disk: they have a thread of their own.
struct RuleContext {
  static constexpr int kMaxCalls = 32;  // at once

  RuleBook& book;
  const RuleFiguresSource figures;
  RuleTrialContext& trials;
  WorkerPool status_pool{1}, change_pool{1};
  OpenStreams calls{kMaxCalls};
};

class RuleServiceImpl final : public v1::RuleService::CallbackService {
 public:
  explicit RuleServiceImpl(RuleContext& context) : context_(context) {}

  using Unary = grpc::ServerUnaryReactor;
  using Rpc = grpc::CallbackServerContext;
  Unary* ListRules(Rpc* rpc, const v1::ListRulesRequest* request, v1::ListRulesResponse* response) override;
  Unary* GetRule(Rpc* rpc, const v1::GetRuleRequest* request, v1::RuleInfo* response) override;
  Unary* ApplyRules(Rpc* rpc, const v1::ApplyRulesRequest* request,
                    v1::ApplyRulesResponse* response) override;
  Unary* DeleteRule(Rpc* rpc, const v1::DeleteRuleRequest* request,
                    v1::DeleteRuleResponse* response) override;
  Unary* EnableRule(Rpc* rpc, const v1::EnableRuleRequest* request, v1::RuleInfo* response) override;
  Unary* DisableRule(Rpc* rpc, const v1::DisableRuleRequest* request, v1::RuleInfo* response) override;
  Unary* ListRuleChanges(Rpc* rpc, const v1::ListRuleChangesRequest* request,
                         v1::ListRuleChangesResponse* response) override;
  Unary* RollbackRules(Rpc* rpc, const v1::RollbackRulesRequest* request,
                       v1::ApplyRulesResponse* response) override;
  Unary* ConfirmRules(Rpc* rpc, const v1::ConfirmRulesRequest* request,
                      v1::ConfirmRulesResponse* response) override;

  Unary* TestRules(Rpc* rpc, const v1::TestRulesRequest* request, v1::TestRulesResponse* response) override {
    return StartRuleTests(context_.trials, *rpc, request, response);
  }
  grpc::ServerWriteReactor<v1::RehearseRulesResponse>* RehearseRules(
      Rpc* rpc, const v1::RehearseRulesRequest* request) override {
    return StartRehearsal(context_.trials, rpc, *request);
  }
  Unary* ExplainRecord(Rpc* rpc, const v1::ExplainRecordRequest* request,
                       v1::ExplainRecordResponse* response) override {
    return StartExplainRecord(context_.trials, *rpc, request, response);
  }

 private:
  RuleContext& context_;
};

void ToProto(const AppliedRule& applied, v1::AppliedRule* out);
void ToProto(const RuleOutcome& outcome, v1::ApplyRulesResponse* out);
void ToProto(const RuleHistoryEntry& entry, v1::RuleHistoryEntry* out);
// `figures`: null when the rule does nothing now.
void ToProto(const RuleEntry& entry, const RuleFigures* figures, v1::RuleInfo* out);

}  // namespace cistern
