#include "service/control/target_service.h"

#include <algorithm>
#include <charconv>

#include "proto/convert/record.h"
#include "service/control/blocking_call.h"
#include "service/control/status_map.h"

namespace cistern {
namespace {

constexpr std::uint32_t kDefaultPage = 100, kLargestPage = 1000;
constexpr std::size_t kShownMessage = 200;

std::size_t PageSize(std::uint32_t asked) {
  return asked == 0 ? kDefaultPage : std::min(asked, kLargestPage);
}

template <class T>
grpc::Status StatusOf(const Targets::Outcome<T>& outcome) {
  return outcome ? grpc::Status::OK : ToGrpc(outcome.error());
}

grpc::Status Fill(const Targets::Outcome<TargetView>& view, v1::TargetInfo* out) {
  if (view) ToProto(*view, out);
  return StatusOf(view);
}

void Fill(const AppliedChange& change, v1::AppliedTarget* out) {
  using Action = AppliedChange::Action;
  out->set_name(change.name);
  out->set_action(change.action == Action::kCreated     ? v1::AppliedTarget::ACTION_CREATED
                  : change.action == Action::kChanged   ? v1::AppliedTarget::ACTION_CHANGED
                  : change.action == Action::kUnchanged ? v1::AppliedTarget::ACTION_UNCHANGED
                                                        : v1::AppliedTarget::ACTION_DELETED);
  if (change.before) *out->mutable_before() = *change.before;
  if (change.after) *out->mutable_after() = *change.after;
  out->set_revision(change.revision);
}

grpc::Status Fill(const Targets::Outcome<LetterOutcome>& outcome, v1::DeadLettersResponse* out) {
  if (!outcome) return ToGrpc(outcome.error());
  out->set_done(outcome->done);
  out->set_refused(outcome->refused);
  out->set_lost(outcome->lost);
  out->set_error(outcome->error);
  return grpc::Status::OK;
}

std::vector<RecordId> IdsOf(const v1::DeadLettersRequest& request) {
  std::vector<RecordId> ids;
  for (const std::uint64_t id : request.record_ids()) ids.push_back(RecordId{id});
  return ids;
}

std::optional<std::uint64_t> RevisionOf(const auto& request) {
  return request.has_revision() ? std::optional(request.revision()) : std::nullopt;
}

void FillLetters(Targets& targets, const Targets::Letters& from, std::size_t limit,
                 v1::ListDeadLettersResponse* out) {
  for (const DeadLetter& letter : from.letters) {
    v1::DeadLetter* to = out->add_letters();
    to->set_record_id(ToInt(letter.id));
    to->set_reason(letter.reason);
    ToProto(letter.first_time, to->mutable_first_time());
    ToProto(letter.last_time, to->mutable_last_time());
    to->set_attempts(letter.attempts);
    to->set_message(targets.MessageOf(letter.id, kShownMessage));
  }
  out->set_total(from.total);
  if (from.letters.size() == limit) out->set_next_page_token(std::to_string(ToInt(from.letters.back().id)));
}

grpc::Status ListSome(Targets& targets, const v1::ListDeadLettersRequest& request,
                      v1::ListDeadLettersResponse* out) {
  std::uint64_t after = 0;
  const std::string& token = request.page_token();
  const auto [end, error] = std::from_chars(token.data(), token.data() + token.size(), after);
  if (!token.empty() && (error != std::errc() || end != token.data() + token.size()))
    return InvalidArgument("page_token: not one of this server");
  const std::size_t limit = PageSize(request.page_size());
  const auto letters = targets.ListLetters(request.name(), RecordId{after}, limit);
  if (!letters) return ToGrpc(letters.error());
  FillLetters(targets, *letters, limit, out);
  return grpc::Status::OK;
}

grpc::Status RewindNow(Targets& targets, const v1::RewindTargetRequest& request,
                       v1::RewindTargetResponse* out) {
  std::optional<RecordId> after;
  std::optional<std::int64_t> time;
  if (request.to_case() == v1::RewindTargetRequest::kAfterRecordId)
    after = RecordId{request.after_record_id()};
  if (request.to_case() == v1::RewindTargetRequest::kTime) time = FromProto(request.time());
  if (!after && !time) return InvalidArgument("to: give after_record_id or time");
  const auto rewound = targets.Rewind(request.name(), after, time, request.preview());
  if (!rewound) return ToGrpc(rewound.error());
  out->set_from_position(ToInt(rewound->from));
  out->set_to_position(ToInt(rewound->to));
  out->set_records(rewound->records);
  return grpc::Status::OK;
}

grpc::Status ApplyNow(Targets& targets, const v1::ApplyTargetsRequest& request,
                      v1::ApplyTargetsResponse* out) {
  std::vector<TargetChangeRequest> changes;
  for (const v1::TargetChange& change : request.changes())
    changes.push_back({std::make_shared<v1::Target>(change.target()), RevisionOf(change)});
  const auto applied = targets.Apply(std::move(changes), request.prune(), request.dry_run());
  if (!applied) return ToGrpc(applied.error());
  for (const AppliedChange& change : *applied) Fill(change, out->add_targets());
  return grpc::Status::OK;
}

grpc::Status ListNow(Targets& targets, const v1::ListTargetsRequest& request, v1::ListTargetsResponse* out) {
  const std::size_t limit = PageSize(request.page_size());
  for (const TargetView& view : targets.List()) {
    if (view.definition->name() <= request.page_token()) continue;
    if (out->targets_size() == static_cast<int>(limit)) {
      out->set_next_page_token(out->targets(out->targets_size() - 1).target().name());
      break;
    }
    ToProto(view, out->add_targets());
  }
  return grpc::Status::OK;
}

}  // namespace

grpc::ServerUnaryReactor* TargetServiceImpl::ListTargets(Rpc* rpc, const v1::ListTargetsRequest* request,
                                                         v1::ListTargetsResponse* response) {
  return BlockingCall::Start(*rpc, context_.status_pool, context_.calls,
                             [=, this] { return ListNow(context_.targets, *request, response); });
}

grpc::ServerUnaryReactor* TargetServiceImpl::GetTarget(Rpc* rpc, const v1::GetTargetRequest* request,
                                                       v1::TargetInfo* response) {
  return BlockingCall::Start(*rpc, context_.status_pool, context_.calls,
                             [=, this] { return Fill(context_.targets.Get(request->name()), response); });
}

grpc::ServerUnaryReactor* TargetServiceImpl::ApplyTargets(Rpc* rpc, const v1::ApplyTargetsRequest* request,
                                                          v1::ApplyTargetsResponse* response) {
  return BlockingCall::Start(*rpc, context_.change_pool, context_.calls,
                             [=, this] { return ApplyNow(context_.targets, *request, response); });
}

grpc::ServerUnaryReactor* TargetServiceImpl::DeleteTarget(Rpc* rpc, const v1::DeleteTargetRequest* request,
                                                          v1::DeleteTargetResponse*) {
  return BlockingCall::Start(*rpc, context_.change_pool, context_.calls, [=, this] {
    return StatusOf(context_.targets.Delete(request->name(), RevisionOf(*request)));
  });
}

grpc::ServerUnaryReactor* TargetServiceImpl::PauseTarget(Rpc* rpc, const v1::PauseTargetRequest* request,
                                                         v1::TargetInfo* response) {
  return BlockingCall::Start(*rpc, context_.change_pool, context_.calls, [=, this] {
    return Fill(context_.targets.SetPaused(request->name(), true), response);
  });
}

grpc::ServerUnaryReactor* TargetServiceImpl::ResumeTarget(Rpc* rpc, const v1::ResumeTargetRequest* request,
                                                          v1::TargetInfo* response) {
  return BlockingCall::Start(*rpc, context_.change_pool, context_.calls, [=, this] {
    return Fill(context_.targets.SetPaused(request->name(), false), response);
  });
}

grpc::ServerUnaryReactor* TargetServiceImpl::RewindTarget(Rpc* rpc, const v1::RewindTargetRequest* request,
                                                          v1::RewindTargetResponse* response) {
  return BlockingCall::Start(*rpc, context_.change_pool, context_.calls,
                             [=, this] { return RewindNow(context_.targets, *request, response); });
}

grpc::ServerUnaryReactor* TargetServiceImpl::ListDeadLetters(Rpc* rpc,
                                                             const v1::ListDeadLettersRequest* request,
                                                             v1::ListDeadLettersResponse* response) {
  return BlockingCall::Start(*rpc, context_.status_pool, context_.calls,
                             [=, this] { return ListSome(context_.targets, *request, response); });
}

grpc::ServerUnaryReactor* TargetServiceImpl::RetryDeadLetters(Rpc* rpc, const v1::DeadLettersRequest* request,
                                                              v1::DeadLettersResponse* response) {
  return BlockingCall::Start(*rpc, context_.letter_pool, context_.retries, [=, this] {
    return Fill(context_.targets.RetryLetters(request->name(), IdsOf(*request)), response);
  });
}

grpc::ServerUnaryReactor* TargetServiceImpl::DiscardDeadLetters(Rpc* rpc,
                                                                const v1::DeadLettersRequest* request,
                                                                v1::DeadLettersResponse* response) {
  return BlockingCall::Start(*rpc, context_.change_pool, context_.calls, [=, this] {
    return Fill(context_.targets.DiscardLetters(request->name(), IdsOf(*request)), response);
  });
}

grpc::ServerWriteReactor<v1::TestStep>* TargetServiceImpl::TestTarget(Rpc* rpc,
                                                                      const v1::TestTargetRequest* request) {
  using Failed = Finished<grpc::ServerWriteReactor<v1::TestStep>>;
  std::shared_ptr<const v1::Target> definition;
  if (request->target_case() == v1::TestTargetRequest::kDefinition) {
    const auto prepared = context_.targets.Prepare(request->definition());
    if (!prepared) return new Failed(ToGrpc(prepared.error()));
    definition = *prepared;
  } else {
    const auto view = context_.targets.Get(request->name());
    if (!view) return new Failed(ToGrpc(view.error()));
    definition = view->definition;
  }
  return StartTargetTest(context_, rpc, std::move(definition));
}

grpc::ServerWriteReactor<v1::ListTargetsResponse>* TargetServiceImpl::WatchTargets(
    Rpc* rpc, const v1::WatchTargetsRequest* request) {
  return StartTargetWatch(context_, rpc, *request);
}

}  // namespace cistern
