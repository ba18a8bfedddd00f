// RuleService.TestRules and ExplainRecord.
#include <algorithm>

#include "cistern/v1/rule.pb.h"
#include "proto/convert/record.h"
#include "proto/convert/utf8.h"
#include "service/control/blocking_call.h"
#include "service/control/rule_trials.h"
#include "service/control/status_map.h"
#include "service/rules/definition.h"
#include "service/rules/explain.h"
#include "service/rules/rule_test.h"

namespace cistern {
namespace {

constexpr int kMostTests = 1000;

std::int64_t Now() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

grpc::Status Refused(const YamlError& error, const std::string& key) {
  std::string text = key;
  if (!key.empty() && !error.key.empty() && error.key.front() != '[') text += '.';
  text += error.key + ": " + error.message;
  if (!error.suggestion.empty()) text += "; did you mean " + error.suggestion + "?";
  return InvalidArgument(std::move(text));
}

grpc::Status PrepareFile(v1::RuleFile& file) {
  for (int i = 0; i < file.rules_size(); ++i) {
    if (auto status = PrepareTriedRule(*file.mutable_rules(i), JoinIndex("rules", i)); !status.ok())
      return status;
  }
  std::vector<const v1::Rule*> rules;
  std::vector<std::string> keys;
  for (const v1::Rule& rule : file.rules()) {
    rules.push_back(&rule);
    keys.push_back(JoinIndex("rules", static_cast<int>(keys.size())));
  }
  YamlErrors errors;
  CheckRuleSet(rules, keys, {}, errors);
  return errors.empty() ? grpc::Status::OK : Refused(errors.items.front(), "");
}

grpc::Status RunTests(const RuleTrialContext& context, const v1::TestRulesRequest& request,
                      v1::TestRulesResponse* out) {
  if (request.file().tests_size() > kMostTests)
    return InvalidArgument("file.tests: more than " + std::to_string(kMostTests));
  v1::RuleFile file = request.file();
  if (auto status = PrepareFile(file); !status.ok()) return status;
  const std::vector<v1::Rule> rules(file.rules().begin(), file.rules().end());
  for (const v1::RuleTest& test : file.tests()) {
    auto outcome = RunRuleTest(rules, test, context.limits);
    if (!outcome) return InvalidArgument("rules: " + outcome.error());
    v1::RuleTestResult* result = out->add_results();
    result->set_name(outcome->name);
    result->set_passed(outcome->failures.empty());
    for (std::string& failure : outcome->failures) result->add_failures(std::move(failure));
    for (v1::Event& event : outcome->events) *result->add_events() = std::move(event);
  }
  return grpc::Status::OK;
}

grpc::Status Explain(const RuleTrialContext& context, const v1::ExplainRecordRequest& request,
                     const Record& record, v1::ExplainRecordResponse* out) {
  const RuleSetPtr rules = context.book.Snapshot();
  const std::int64_t now = Now();
  if (!request.rule().empty() && rules->Find(request.rule()) == nullptr)
    return {grpc::StatusCode::NOT_FOUND, "there is no rule " + request.rule()};
  std::vector<const v1::Rule*> order;
  for (const RuleEntry& entry : rules->rules) {
    if (request.rule().empty() || entry.definition->name() == request.rule())
      order.push_back(entry.definition.get());
  }
  std::stable_sort(order.begin(), order.end(), [](const v1::Rule* a, const v1::Rule* b) {
    if (IsIngestRule(*a) != IsIngestRule(*b)) return IsIngestRule(*a);
    return IsIngestRule(*a) && a->order() < b->order();
  });
  for (const v1::Rule* rule : order) {
    RuleExplanation explained = ExplainRule(*rule, record, now);
    v1::ExplainedRule* to = out->add_rules();
    to->set_name(rule->name());
    to->set_matched(explained.matched);
    to->set_reason(ToUtf8(explained.reason));
  }
  return grpc::Status::OK;
}

grpc::Status ExplainRecord(const RuleTrialContext& context, const v1::ExplainRecordRequest& request,
                           v1::ExplainRecordResponse* out) {
  ScanOptions options;
  options.id_min = options.id_max = request.record_id();
  const auto scan = context.store.NewScan(options);
  for (;;) {
    const auto batch = scan->Next();
    if (!batch) return ToGrpc(batch.error());
    if (*batch == nullptr) break;
    const auto ids = (*batch)->Ints(Column::kId);
    const auto found = std::find(ids.begin(), ids.end(), static_cast<std::int64_t>(request.record_id()));
    if (found != ids.end())
      return Explain(context, request, (*batch)->Row(static_cast<std::size_t>(found - ids.begin())), out);
  }
  return {grpc::StatusCode::NOT_FOUND, "there is no record " + std::to_string(request.record_id())};
}

}  // namespace

grpc::Status PrepareTriedRule(v1::Rule& rule, const std::string& key) {
  const YamlErrors errors = PrepareRule(rule, Now());
  return errors.empty() ? grpc::Status::OK : Refused(errors.items.front(), key);
}

grpc::ServerUnaryReactor* StartRuleTests(RuleTrialContext& context, const grpc::ServerContextBase& rpc,
                                         const v1::TestRulesRequest* request,
                                         v1::TestRulesResponse* response) {
  return BlockingCall::Start(rpc, context.call_pool, context.calls,
                             [&context, request, response] { return RunTests(context, *request, response); });
}

grpc::ServerUnaryReactor* StartExplainRecord(RuleTrialContext& context, const grpc::ServerContextBase& rpc,
                                             const v1::ExplainRecordRequest* request,
                                             v1::ExplainRecordResponse* response) {
  return BlockingCall::Start(rpc, context.call_pool, context.calls, [&context, request, response] {
    return ExplainRecord(context, *request, response);
  });
}

}  // namespace cistern
