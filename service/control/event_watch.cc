// EventService.WatchEvents.
#include "service/control/calls.h"
#include "service/control/event_service.h"
#include "service/control/status_map.h"

namespace cistern {
namespace {

using Reactor = grpc::ServerWriteReactor<v1::WatchEventsResponse>;

constexpr std::size_t kMostEvents = 100;  // of one answer

class EventWatch final : public StreamCall<v1::WatchEventsResponse> {
 public:
  EventWatch(EventContext& context, grpc::CallbackServerContext* rpc, EventQuery query, std::uint64_t after)
      : StreamCall(context.read_pool, rpc, std::chrono::seconds(60)),
        context_(context),
        query_(std::move(query)),
        after_(after) {}

 private:
  Step Run(grpc::Status& status) override {
    if (draining()) {
      status = {grpc::StatusCode::UNAVAILABLE, "the server is stopping; go on behind the last change seen"};
      return Step::kDone;
    }
    auto changes = context_.events.ChangedAfter(after_, query_, kMostEvents);
    if (!changes) {
      status = ToGrpc(changes.error());
      return Step::kDone;
    }
    after_ = changes->last;
    if (changes->events.empty() && std::exchange(begun_, true)) return Step::kWait;
    begun_ = true;
    response().Clear();
    for (v1::Event& event : changes->events) *response().add_events() = std::move(event);
    response().mutable_changes()->Add(changes->changes.begin(), changes->changes.end());
    response().set_change(after_);
    return Step::kWrite;
  }

  void Closed() override { context_.watches.Remove(this); }

  EventContext& context_;
  const EventQuery query_;
  std::uint64_t after_;
  bool begun_ = false;  // the first answer tells where changes begin, though there be none
};

}  // namespace

Reactor* StartEventWatch(EventContext& context, grpc::CallbackServerContext* rpc,
                         const v1::WatchEventsRequest& request) {
  const std::uint64_t last = context.events.last_change();
  if (request.after() > last)
    return new Finished<Reactor>(
        {grpc::StatusCode::OUT_OF_RANGE, "after: the last change is " + std::to_string(last)});
  EventQuery query;
  query.rule = request.rule();
  if (request.has_severity()) query.severity = request.severity();
  auto call = std::make_shared<EventWatch>(context, rpc, std::move(query),
                                           request.has_after() ? request.after() : last);
  if (!context.watches.Add(call))
    return new Finished<Reactor>(
        {grpc::StatusCode::RESOURCE_EXHAUSTED, "too many watches run already; retry"});
  call->Begin();
  return call.get();
}

}  // namespace cistern
