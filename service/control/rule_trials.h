// The calls of RuleService that try rules and change nothing: tests of rule files, rehearsal, explanation.
#pragma once

#include <grpcpp/server_context.h>

#include <string>

#include "cistern/v1/rule_service.pb.h"
#include "service/control/log_context.h"
#include "service/detect/detections.h"
#include "service/rules/rule_book.h"

namespace cistern {

// What the calls share. Outlives every call. Each kind has a thread of low priority a call, so that a
// rehearsal, which may read the whole store, delays nobody.
struct RuleTrialContext {
  static constexpr int kMaxRehearsals = 2, kMaxCalls = 8;  // at once

  Store& store;
  RuleBook& book;
  DetectionLimits limits{};  // as those of the daemon
  std::string secret{};      // as of IngestRules
  std::string hostname{};    // of records of events
  WorkerPool call_pool{1, ThreadPriority::kReader};
  WorkerPool rehearsal_pool{kMaxRehearsals, ThreadPriority::kReader};
  OpenStreams calls{kMaxCalls}, rehearsals{kMaxRehearsals};
};

// Fills the defaults of `rule` and checks it; `key` is its path in the request. INVALID_ARGUMENT names what
// is wrong.
grpc::Status PrepareTriedRule(v1::Rule& rule, const std::string& key);

grpc::ServerUnaryReactor* StartRuleTests(RuleTrialContext& context, const grpc::ServerContextBase& rpc,
                                         const v1::TestRulesRequest* request,
                                         v1::TestRulesResponse* response);
grpc::ServerUnaryReactor* StartExplainRecord(RuleTrialContext& context, const grpc::ServerContextBase& rpc,
                                             const v1::ExplainRecordRequest* request,
                                             v1::ExplainRecordResponse* response);
grpc::ServerWriteReactor<v1::RehearseRulesResponse>* StartRehearsal(RuleTrialContext& context,
                                                                    grpc::CallbackServerContext* rpc,
                                                                    const v1::RehearseRulesRequest& request);

}  // namespace cistern
