#include "service/control/rule_service.h"

#include <algorithm>
#include <charconv>

#include "proto/convert/record.h"
#include "service/control/blocking_call.h"
#include "service/control/peer.h"
#include "service/control/status_map.h"

namespace cistern {
namespace {

constexpr std::uint32_t kDefaultPage = 100, kLargestPage = 1000;
constexpr std::int64_t kSecond = 1'000'000'000;
constexpr std::int64_t kLongestWait = 7 * 86400 * kSecond;

std::size_t PageSize(std::uint32_t asked) {
  return asked == 0 ? kDefaultPage : std::min(asked, kLargestPage);
}

template <class T>
grpc::Status StatusOf(const RuleBook::Outcome<T>& outcome) {
  return outcome ? grpc::Status::OK : ToGrpc(outcome.error());
}

std::optional<std::uint64_t> RevisionOf(const auto& request) {
  return request.has_revision() ? std::optional(request.revision()) : std::nullopt;
}

void Fill(const RuleContext& context, const RuleEntry& entry, v1::RuleInfo* out) {
  const auto figures = context.figures();
  const auto found = figures.find(entry.definition->name());
  ToProto(entry, found == figures.end() ? nullptr : &found->second, out);
}

grpc::Status ListNow(const RuleContext& context, const v1::ListRulesRequest& request,
                     v1::ListRulesResponse* out) {
  const std::size_t limit = PageSize(request.page_size());
  const auto figures = context.figures();
  const RuleSetPtr set = context.book.Snapshot();
  for (const RuleEntry& entry : set->rules) {
    const std::string& name = entry.definition->name();
    if (name <= request.page_token()) continue;
    if (out->rules_size() == static_cast<int>(limit)) {
      out->set_next_page_token(out->rules(out->rules_size() - 1).rule().name());
      break;
    }
    const auto found = figures.find(name);
    ToProto(entry, found == figures.end() ? nullptr : &found->second, out->add_rules());
  }
  if (const auto time = context.book.confirm_time()) ToProto(*time, out->mutable_confirm_time());
  return grpc::Status::OK;
}

grpc::Status GetNow(const RuleContext& context, const std::string& name, v1::RuleInfo* out) {
  const RuleSetPtr set = context.book.Snapshot();
  const RuleEntry* entry = set->Find(name);
  if (entry == nullptr) return {grpc::StatusCode::NOT_FOUND, "there is no rule \"" + name + "\""};
  Fill(context, *entry, out);
  return grpc::Status::OK;
}

grpc::Status ApplyNow(const RuleContext& context, const v1::ApplyRulesRequest& request,
                      const std::string& who, v1::ApplyRulesResponse* out) {
  RuleChanges changes;
  for (const v1::RuleChange& change : request.changes())
    changes.rules.push_back({std::make_shared<const v1::Rule>(change.rule()), RevisionOf(change)});
  changes.prune = request.prune();
  changes.dry_run = request.dry_run();
  changes.comment = request.comment();
  changes.who = who;
  if (request.has_confirm_within()) {
    const std::int64_t seconds = request.confirm_within().seconds();
    if (seconds < 1 || seconds > kLongestWait / kSecond)
      return InvalidArgument("confirm_within: must be from 1s to 7d");
    changes.confirm_within = std::chrono::seconds(seconds);
  }
  const auto applied = context.book.Apply(changes);
  if (applied) ToProto(*applied, out);
  return StatusOf(applied);
}

grpc::Status SwitchNow(const RuleContext& context, const std::string& name, bool enabled,
                       const std::string& who, v1::RuleInfo* out) {
  const auto entry = context.book.SetEnabled(name, enabled, who);
  if (entry) Fill(context, *entry, out);
  return StatusOf(entry);
}

grpc::Status HistoryNow(const RuleContext& context, const v1::ListRuleChangesRequest& request,
                        v1::ListRuleChangesResponse* out) {
  std::uint64_t before = 0;
  const std::string& token = request.page_token();
  const auto [end, error] = std::from_chars(token.data(), token.data() + token.size(), before);
  if (!token.empty() && (error != std::errc() || end != token.data() + token.size()))
    return InvalidArgument("page_token: not one of this server");
  const std::size_t limit = PageSize(request.page_size());
  const auto entries = context.book.History(before, request.rule(), limit);
  if (!entries) return ToGrpc(entries.error());
  for (const RuleHistoryEntry& entry : *entries) ToProto(entry, out->add_changes());
  if (entries->size() == limit) out->set_next_page_token(std::to_string(entries->back().change));
  return grpc::Status::OK;
}

}  // namespace

grpc::ServerUnaryReactor* RuleServiceImpl::ListRules(Rpc* rpc, const v1::ListRulesRequest* request,
                                                     v1::ListRulesResponse* response) {
  return BlockingCall::Start(*rpc, context_.status_pool, context_.calls,
                             [=, this] { return ListNow(context_, *request, response); });
}

grpc::ServerUnaryReactor* RuleServiceImpl::GetRule(Rpc* rpc, const v1::GetRuleRequest* request,
                                                   v1::RuleInfo* response) {
  return BlockingCall::Start(*rpc, context_.status_pool, context_.calls,
                             [=, this] { return GetNow(context_, request->name(), response); });
}

grpc::ServerUnaryReactor* RuleServiceImpl::ApplyRules(Rpc* rpc, const v1::ApplyRulesRequest* request,
                                                      v1::ApplyRulesResponse* response) {
  return BlockingCall::Start(*rpc, context_.change_pool, context_.calls, [=, this, who = WhoCalls(*rpc)] {
    return ApplyNow(context_, *request, who, response);
  });
}

grpc::ServerUnaryReactor* RuleServiceImpl::DeleteRule(Rpc* rpc, const v1::DeleteRuleRequest* request,
                                                      v1::DeleteRuleResponse*) {
  return BlockingCall::Start(*rpc, context_.change_pool, context_.calls, [=, this, who = WhoCalls(*rpc)] {
    return StatusOf(context_.book.Delete(request->name(), RevisionOf(*request), who));
  });
}

grpc::ServerUnaryReactor* RuleServiceImpl::EnableRule(Rpc* rpc, const v1::EnableRuleRequest* request,
                                                      v1::RuleInfo* response) {
  return BlockingCall::Start(*rpc, context_.change_pool, context_.calls, [=, this, who = WhoCalls(*rpc)] {
    return SwitchNow(context_, request->name(), true, who, response);
  });
}

grpc::ServerUnaryReactor* RuleServiceImpl::DisableRule(Rpc* rpc, const v1::DisableRuleRequest* request,
                                                       v1::RuleInfo* response) {
  return BlockingCall::Start(*rpc, context_.change_pool, context_.calls, [=, this, who = WhoCalls(*rpc)] {
    return SwitchNow(context_, request->name(), false, who, response);
  });
}

grpc::ServerUnaryReactor* RuleServiceImpl::ListRuleChanges(Rpc* rpc,
                                                           const v1::ListRuleChangesRequest* request,
                                                           v1::ListRuleChangesResponse* response) {
  return BlockingCall::Start(*rpc, context_.change_pool, context_.calls,
                             [=, this] { return HistoryNow(context_, *request, response); });
}

grpc::ServerUnaryReactor* RuleServiceImpl::RollbackRules(Rpc* rpc, const v1::RollbackRulesRequest* request,
                                                         v1::ApplyRulesResponse* response) {
  return BlockingCall::Start(*rpc, context_.change_pool, context_.calls, [=, this, who = WhoCalls(*rpc)] {
    const auto undone = context_.book.Rollback(request->change(), request->dry_run(), who);
    if (undone) ToProto(*undone, response);
    return StatusOf(undone);
  });
}

grpc::ServerUnaryReactor* RuleServiceImpl::ConfirmRules(Rpc* rpc, const v1::ConfirmRulesRequest*,
                                                        v1::ConfirmRulesResponse* response) {
  return BlockingCall::Start(*rpc, context_.change_pool, context_.calls, [=, this] {
    const auto change = context_.book.Confirm();
    if (change) response->set_change(*change);
    return StatusOf(change);
  });
}

}  // namespace cistern
