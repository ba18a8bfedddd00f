// EventService.
#include "cistern/v1/event_service.grpc.pb.h"
#include "ctl/client_impl.h"

namespace cistern::ctl {

CallStatus Client::ListEvents(const v1::ListEventsRequest& request, v1::ListEventsResponse& response) {
  return impl_->Unary([&](auto& call) { return impl_->event->ListEvents(&call, request, &response); });
}

CallStatus Client::GetEvent(const v1::GetEventRequest& request, v1::GetEventResponse& response) {
  return impl_->Unary([&](auto& call) { return impl_->event->GetEvent(&call, request, &response); });
}

CallStatus Client::AcknowledgeEvents(const v1::ChangeEventsRequest& request,
                                     v1::ChangeEventsResponse& response) {
  return impl_->Unary([&](auto& call) { return impl_->event->AcknowledgeEvents(&call, request, &response); });
}

CallStatus Client::ResolveEvents(const v1::ChangeEventsRequest& request, v1::ChangeEventsResponse& response) {
  return impl_->Unary([&](auto& call) { return impl_->event->ResolveEvents(&call, request, &response); });
}

CallStatus Client::RedeliverEvents(const v1::ChangeEventsRequest& request,
                                   v1::ChangeEventsResponse& response) {
  return impl_->Unary([&](auto& call) { return impl_->event->RedeliverEvents(&call, request, &response); });
}

CallStatus Client::ListSilences(const v1::ListSilencesRequest& request, v1::ListSilencesResponse& response) {
  return impl_->Unary([&](auto& call) { return impl_->event->ListSilences(&call, request, &response); });
}

CallStatus Client::PutSilence(const v1::Silence& request, v1::Silence& response) {
  return impl_->Unary([&](auto& call) { return impl_->event->PutSilence(&call, request, &response); });
}

CallStatus Client::DeleteSilence(const v1::DeleteSilenceRequest& request) {
  v1::DeleteSilenceResponse nothing;
  return impl_->Unary([&](auto& call) { return impl_->event->DeleteSilence(&call, request, &nothing); });
}

CallStatus Client::WatchEvents(const v1::WatchEventsRequest& request,
                               const std::function<bool(v1::WatchEventsResponse&)>& on_response) {
  return impl_->Stream<v1::WatchEventsResponse>(
      [&](auto& call) { return impl_->event->WatchEvents(&call, request); }, on_response);
}

}  // namespace cistern::ctl
