// The daemon as commands see it: one method a call, errors as one clear message and an exit code.
//
// Threads: one thread uses a Client; Stop() of `context.stop` may come from any thread and ends a stream.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "ctl/command/commands.h"

namespace grpc {
class Channel;
class Status;
}  // namespace grpc
namespace cistern::v1 {
class AggregateRequest;
class AggregateResponse;
class BackupResponse;
class CheckResponse;
class DiagnoseResponse;
class ExplainRequest;
class ExplainResponse;
class GetConfigResponse;
class GetStatsResponse;
class GetStatusResponse;
class ListSendersRequest;
class ListSendersResponse;
class QueryRequest;
class QueryResponse;
class SqlRequest;
class SqlResponse;
class TailRequest;
class TailResponse;
class ApplyTargetsRequest;
class ApplyTargetsResponse;
class DeadLettersRequest;
class DeadLettersResponse;
class DeleteTargetRequest;
class GetTargetRequest;
class ListDeadLettersRequest;
class ListDeadLettersResponse;
class ListTargetsRequest;
class ListTargetsResponse;
class PauseTargetRequest;
class ResumeTargetRequest;
class RewindTargetRequest;
class RewindTargetResponse;
class TargetInfo;
class TestStep;
class TestTargetRequest;
class WatchTargetsRequest;
class ApplyRulesRequest;
class ApplyRulesResponse;
class ConfirmRulesResponse;
class DeleteRuleRequest;
class DisableRuleRequest;
class EnableRuleRequest;
class ExplainRecordRequest;
class ExplainRecordResponse;
class GetRuleRequest;
class ListRuleChangesRequest;
class ListRuleChangesResponse;
class ListRulesRequest;
class ListRulesResponse;
class RehearseRulesRequest;
class RehearseRulesResponse;
class RollbackRulesRequest;
class RuleInfo;
class TestRulesRequest;
class TestRulesResponse;
class ChangeEventsRequest;
class ChangeEventsResponse;
class DeleteSilenceRequest;
class GetEventRequest;
class GetEventResponse;
class ListEventsRequest;
class ListEventsResponse;
class ListSilencesRequest;
class ListSilencesResponse;
class Silence;
class WatchEventsRequest;
class CreateTokenRequest;
class CreateTokenResponse;
class ListAuditRequest;
class ListAuditResponse;
class ListTokensResponse;
class RevokeTokenRequest;
class WhoAmIResponse;
class WatchEventsResponse;
}  // namespace cistern::v1

namespace cistern::ctl {

// A channel to `context.addr`. Connects at the first call; no proxy is ever used; a lost connection is tried
// again at most every 2 s. `unix:PATH`, `tls://HOST:PORT` and `HOST:PORT` are understood; the last with TLS
// where context.tls wants it. Files of context.tls are read again.
std::shared_ptr<grpc::Channel> Connect(const Context& context);

// How a call ended.
struct CallStatus {
  int exit_code = kExitOk;
  bool retryable = false;  // the same call may succeed later: the daemon is away, draining or full
  std::string message;     // one line, without the `cisternctl: ` prefix
  bool ok() const { return exit_code == kExitOk; }
};

// `connected`: whether the daemon could be reached at all. `timeout_ns` as given to the call.
CallStatus ToCallStatus(const grpc::Status& status, std::string_view addr, bool connected,
                        std::int64_t timeout_ns);

// Prints `cisternctl: MESSAGE` to context.err, and `filter` with a caret below the offset when the message
// names one (`at byte 12`). Sets and returns context.exit_code.
int Report(Context& context, const CallStatus& status, std::string_view filter = {});

class Client {
 public:
  // `context` outlives the client.
  explicit Client(const Context& context);
  ~Client();

  // Calls with one answer. Deadline: context.timeout_ns, or 30 s.
  CallStatus Aggregate(const v1::AggregateRequest& request, v1::AggregateResponse& response);
  CallStatus GetStatus(v1::GetStatusResponse& response);
  CallStatus GetConfig(v1::GetConfigResponse& response);
  CallStatus Diagnose(v1::DiagnoseResponse& response);
  CallStatus ListSenders(const v1::ListSendersRequest& request, v1::ListSendersResponse& response);
  CallStatus Explain(const v1::ExplainRequest& request, v1::ExplainResponse& response);
  CallStatus GetStats(v1::GetStatsResponse& response);
  CallStatus ListTargets(const v1::ListTargetsRequest& request, v1::ListTargetsResponse& response);
  CallStatus GetTarget(const v1::GetTargetRequest& request, v1::TargetInfo& response);
  CallStatus ApplyTargets(const v1::ApplyTargetsRequest& request, v1::ApplyTargetsResponse& response);
  CallStatus DeleteTarget(const v1::DeleteTargetRequest& request);
  CallStatus PauseTarget(const v1::PauseTargetRequest& request, v1::TargetInfo& response);
  CallStatus ResumeTarget(const v1::ResumeTargetRequest& request, v1::TargetInfo& response);
  CallStatus RewindTarget(const v1::RewindTargetRequest& request, v1::RewindTargetResponse& response);
  CallStatus ListDeadLetters(const v1::ListDeadLettersRequest& request,
                             v1::ListDeadLettersResponse& response);
  CallStatus RetryDeadLetters(const v1::DeadLettersRequest& request, v1::DeadLettersResponse& response);
  CallStatus DiscardDeadLetters(const v1::DeadLettersRequest& request, v1::DeadLettersResponse& response);
  CallStatus ListRules(const v1::ListRulesRequest& request, v1::ListRulesResponse& response);
  CallStatus GetRule(const v1::GetRuleRequest& request, v1::RuleInfo& response);
  CallStatus ApplyRules(const v1::ApplyRulesRequest& request, v1::ApplyRulesResponse& response);
  CallStatus DeleteRule(const v1::DeleteRuleRequest& request);
  CallStatus EnableRule(const v1::EnableRuleRequest& request, v1::RuleInfo& response);
  CallStatus DisableRule(const v1::DisableRuleRequest& request, v1::RuleInfo& response);
  CallStatus ListRuleChanges(const v1::ListRuleChangesRequest& request,
                             v1::ListRuleChangesResponse& response);
  CallStatus RollbackRules(const v1::RollbackRulesRequest& request, v1::ApplyRulesResponse& response);
  CallStatus ConfirmRules(v1::ConfirmRulesResponse& response);
  CallStatus TestRules(const v1::TestRulesRequest& request, v1::TestRulesResponse& response);
  CallStatus ExplainRecord(const v1::ExplainRecordRequest& request, v1::ExplainRecordResponse& response);
  CallStatus ListEvents(const v1::ListEventsRequest& request, v1::ListEventsResponse& response);
  CallStatus GetEvent(const v1::GetEventRequest& request, v1::GetEventResponse& response);
  CallStatus AcknowledgeEvents(const v1::ChangeEventsRequest& request, v1::ChangeEventsResponse& response);
  CallStatus ResolveEvents(const v1::ChangeEventsRequest& request, v1::ChangeEventsResponse& response);
  CallStatus RedeliverEvents(const v1::ChangeEventsRequest& request, v1::ChangeEventsResponse& response);
  CallStatus ListSilences(const v1::ListSilencesRequest& request, v1::ListSilencesResponse& response);
  CallStatus PutSilence(const v1::Silence& request, v1::Silence& response);
  CallStatus DeleteSilence(const v1::DeleteSilenceRequest& request);
  CallStatus CreateToken(const v1::CreateTokenRequest& request, v1::CreateTokenResponse& response);
  CallStatus ListTokens(v1::ListTokensResponse& response);
  CallStatus RevokeToken(const v1::RevokeTokenRequest& request);
  CallStatus WhoAmI(v1::WhoAmIResponse& response);
  CallStatus ListAudit(const v1::ListAuditRequest& request, v1::ListAuditResponse& response);

  // Streams. Deadline: context.timeout_ns, or none. `on_response` returns false to end the stream; that, and
  // a stop of context.stop, is no error.
  CallStatus Query(const v1::QueryRequest& request,
                   const std::function<bool(v1::QueryResponse&)>& on_response);
  CallStatus Sql(const v1::SqlRequest& request, const std::function<bool(v1::SqlResponse&)>& on_response);
  CallStatus Tail(const v1::TailRequest& request, const std::function<bool(v1::TailResponse&)>& on_response);
  CallStatus Check(const std::function<bool(v1::CheckResponse&)>& on_response);
  CallStatus TestTarget(const v1::TestTargetRequest& request,
                        const std::function<bool(v1::TestStep&)>& on_response);
  CallStatus WatchTargets(const v1::WatchTargetsRequest& request,
                          const std::function<bool(v1::ListTargetsResponse&)>& on_response);
  CallStatus RehearseRules(const v1::RehearseRulesRequest& request,
                           const std::function<bool(v1::RehearseRulesResponse&)>& on_response);
  CallStatus Backup(const std::function<bool(v1::BackupResponse&)>& on_response);
  CallStatus WatchEvents(const v1::WatchEventsRequest& request,
                         const std::function<bool(v1::WatchEventsResponse&)>& on_response);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace cistern::ctl
