// EventService: events and silences. service/events does the work.
#pragma once

#include "cistern/v1/event_service.grpc.pb.h"
#include "service/control/log_context.h"
#include "service/events/event_store.h"
#include "service/forward/targets.h"

namespace cistern {

// What the calls share. Outlives every call. Changes wait for the disk.
struct EventContext {
  static constexpr int kMaxCalls = 64, kMaxWatches = 32;  // at once
  EventContext(EventStore& the_events, Targets& the_targets, Store& the_store)
      : events(the_events), targets(the_targets), store(the_store) {}

  EventStore& events;
  Targets& targets;
  Store& store;
  WorkerPool read_pool{1, ThreadPriority::kReader}, change_pool{1};
  OpenStreams calls{kMaxCalls}, watches{kMaxWatches};
};

class EventServiceImpl final : public v1::EventService::CallbackService {
 public:
  explicit EventServiceImpl(EventContext& context) : context_(context) {}

  using Unary = grpc::ServerUnaryReactor;
  using Rpc = grpc::CallbackServerContext;
  Unary* ListEvents(Rpc* rpc, const v1::ListEventsRequest* request,
                    v1::ListEventsResponse* response) override;
  Unary* GetEvent(Rpc* rpc, const v1::GetEventRequest* request, v1::GetEventResponse* response) override;
  grpc::ServerWriteReactor<v1::WatchEventsResponse>* WatchEvents(
      Rpc* rpc, const v1::WatchEventsRequest* request) override;
  Unary* RaiseEvent(Rpc* rpc, const v1::RaiseEventRequest* request, v1::Event* response) override;
  Unary* AcknowledgeEvents(Rpc* rpc, const v1::ChangeEventsRequest* request,
                           v1::ChangeEventsResponse* response) override;
  Unary* ResolveEvents(Rpc* rpc, const v1::ChangeEventsRequest* request,
                       v1::ChangeEventsResponse* response) override;
  Unary* RedeliverEvents(Rpc* rpc, const v1::ChangeEventsRequest* request,
                         v1::ChangeEventsResponse* response) override;
  Unary* ListSilences(Rpc* rpc, const v1::ListSilencesRequest* request,
                      v1::ListSilencesResponse* response) override;
  Unary* PutSilence(Rpc* rpc, const v1::Silence* request, v1::Silence* response) override;
  Unary* DeleteSilence(Rpc* rpc, const v1::DeleteSilenceRequest* request,
                       v1::DeleteSilenceResponse* response) override;

 private:
  EventContext& context_;
};

// The calls in files of their own.
grpc::ServerWriteReactor<v1::WatchEventsResponse>* StartEventWatch(EventContext& context,
                                                                   grpc::CallbackServerContext* rpc,
                                                                   const v1::WatchEventsRequest& request);
// What became of the record of an event at each target whose filter it matches.
void FillDeliveries(EventContext& context, const v1::Event& event, v1::GetEventResponse* out);

}  // namespace cistern
