#include "service/control/event_service.h"

#include <algorithm>
#include <charconv>
#include <span>

#include "proto/convert/record.h"
#include "service/control/blocking_call.h"
#include "service/control/peer.h"
#include "service/control/status_map.h"

namespace cistern {
namespace {

constexpr std::uint32_t kDefaultPage = 100, kLargestPage = 1000;

EventQuery QueryOf(const v1::ListEventsRequest& request) {
  EventQuery query;
  query.rule = request.rule();
  for (const int state : request.states()) query.states.push_back(static_cast<v1::Event::State>(state));
  if (request.has_severity()) query.severity = request.severity();
  query.key = request.key();
  if (request.has_from_time()) query.last_from = FromProto(request.from_time());
  if (request.has_to_time()) query.first_to = FromProto(request.to_time());
  return query;
}

grpc::Status ListNow(EventStore& events, const v1::ListEventsRequest& request, v1::ListEventsResponse* out) {
  std::uint64_t before = 0;
  const std::string& token = request.page_token();
  const auto [end, error] = std::from_chars(token.data(), token.data() + token.size(), before);
  if (!token.empty() && (error != std::errc() || end != token.data() + token.size()))
    return InvalidArgument("page_token: not one of this server");
  const std::uint32_t asked = request.page_size();
  const std::size_t limit = asked == 0 ? kDefaultPage : std::min(asked, kLargestPage);
  auto page = events.List(QueryOf(request), before, limit);
  if (!page) return ToGrpc(page.error());
  for (v1::Event& event : page->events) *out->add_events() = std::move(event);
  if (page->before != 0) out->set_next_page_token(std::to_string(page->before));
  return grpc::Status::OK;
}

grpc::Status GetNow(EventContext& context, std::uint64_t id, v1::GetEventResponse* out) {
  auto event = context.events.Get(id);
  if (!event) return ToGrpc(event.error());
  FillDeliveries(context, *event, out);
  *out->mutable_event() = std::move(*event);
  return grpc::Status::OK;
}

grpc::Status RaiseNow(EventStore& events, const v1::RaiseEventRequest& request, v1::Event* out) {
  AddOnEvent raised;
  raised.event.set_rule(request.rule());
  raised.event.set_severity(request.severity());
  raised.event.set_key(request.key());
  raised.event.set_summary(request.summary());
  *raised.event.mutable_fields() = request.fields();
  *raised.event.mutable_record_ids() = request.record_ids();
  raised.request_id = request.request_id();
  if (request.has_repeat()) raised.repeat = std::chrono::nanoseconds(FromProto(request.repeat()));
  auto event = events.Raise(raised);
  if (!event) return ToGrpc(event.error());
  *out = std::move(*event);
  return grpc::Status::OK;
}

using Change = EventStore::Outcome<std::vector<v1::Event>> (EventStore::*)(std::span<const std::uint64_t> ids,
                                                                           const std::string& note,
                                                                           const std::string& who);

grpc::Status ChangeNow(EventStore& store, Change change, const v1::ChangeEventsRequest& request,
                       const std::string& who, v1::ChangeEventsResponse* out) {
  const std::vector<std::uint64_t> ids(request.ids().begin(), request.ids().end());
  auto events = (store.*change)(ids, request.note(), who);
  if (!events) return ToGrpc(events.error());
  for (v1::Event& event : *events) *out->add_events() = std::move(event);
  return grpc::Status::OK;
}

// Not through a member function: beside a pointer to member, GCC 12 with -fsanitize=vptr takes the wrong
// object for `this` in a lambda.
grpc::ServerUnaryReactor* StartChange(EventContext& context, grpc::CallbackServerContext& rpc, Change change,
                                      const v1::ChangeEventsRequest* request, v1::ChangeEventsResponse* out) {
  return BlockingCall::Start(rpc, context.change_pool, context.calls,
                             [=, &store = context.events, who = WhoCalls(rpc)] {
                               return ChangeNow(store, change, *request, who, out);
                             });
}

}  // namespace

grpc::ServerUnaryReactor* EventServiceImpl::ListEvents(Rpc* rpc, const v1::ListEventsRequest* request,
                                                       v1::ListEventsResponse* response) {
  return BlockingCall::Start(*rpc, context_.read_pool, context_.calls,
                             [=, this] { return ListNow(context_.events, *request, response); });
}

grpc::ServerUnaryReactor* EventServiceImpl::GetEvent(Rpc* rpc, const v1::GetEventRequest* request,
                                                     v1::GetEventResponse* response) {
  return BlockingCall::Start(*rpc, context_.read_pool, context_.calls,
                             [=, this] { return GetNow(context_, request->id(), response); });
}

grpc::ServerWriteReactor<v1::WatchEventsResponse>* EventServiceImpl::WatchEvents(
    Rpc* rpc, const v1::WatchEventsRequest* request) {
  return StartEventWatch(context_, rpc, *request);
}

grpc::ServerUnaryReactor* EventServiceImpl::RaiseEvent(Rpc* rpc, const v1::RaiseEventRequest* request,
                                                       v1::Event* response) {
  return BlockingCall::Start(*rpc, context_.change_pool, context_.calls,
                             [=, this] { return RaiseNow(context_.events, *request, response); });
}

grpc::ServerUnaryReactor* EventServiceImpl::AcknowledgeEvents(Rpc* rpc,
                                                              const v1::ChangeEventsRequest* request,
                                                              v1::ChangeEventsResponse* response) {
  return StartChange(context_, *rpc, &EventStore::Acknowledge, request, response);
}

grpc::ServerUnaryReactor* EventServiceImpl::ResolveEvents(Rpc* rpc, const v1::ChangeEventsRequest* request,
                                                          v1::ChangeEventsResponse* response) {
  return StartChange(context_, *rpc, &EventStore::Resolve, request, response);
}

grpc::ServerUnaryReactor* EventServiceImpl::RedeliverEvents(Rpc* rpc, const v1::ChangeEventsRequest* request,
                                                            v1::ChangeEventsResponse* response) {
  return StartChange(context_, *rpc, &EventStore::Redeliver, request, response);
}

grpc::ServerUnaryReactor* EventServiceImpl::ListSilences(Rpc* rpc, const v1::ListSilencesRequest* request,
                                                         v1::ListSilencesResponse* response) {
  return BlockingCall::Start(*rpc, context_.read_pool, context_.calls, [=, this] {
    for (v1::Silence& silence : context_.events.ListSilences(request->expired()))
      *response->add_silences() = std::move(silence);
    return grpc::Status::OK;
  });
}

grpc::ServerUnaryReactor* EventServiceImpl::PutSilence(Rpc* rpc, const v1::Silence* request,
                                                       v1::Silence* response) {
  return BlockingCall::Start(*rpc, context_.change_pool, context_.calls, [=, this, who = WhoCalls(*rpc)] {
    v1::Silence silence = *request;
    if (silence.who().empty()) silence.set_who(who);
    auto put = context_.events.PutSilence(std::move(silence));
    if (!put) return ToGrpc(put.error());
    *response = std::move(*put);
    return grpc::Status::OK;
  });
}

grpc::ServerUnaryReactor* EventServiceImpl::DeleteSilence(Rpc* rpc, const v1::DeleteSilenceRequest* request,
                                                          v1::DeleteSilenceResponse*) {
  return BlockingCall::Start(*rpc, context_.change_pool, context_.calls, [=, this] {
    const auto ended = context_.events.EndSilence(request->name());
    return ended ? grpc::Status::OK : ToGrpc(ended.error());
  });
}

}  // namespace cistern
