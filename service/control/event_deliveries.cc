// What became of events at targets.
#include <algorithm>
#include <functional>

#include "cistern/v1/target.pb.h"
#include "proto/convert/record.h"
#include "service/control/event_service.h"
#include "service/events/event_record.h"
#include "service/forward/spec.h"
#include "storage/filter/filter.h"

namespace cistern {
namespace {

// Calls `use` with the stored record; false: it is not there.
bool WithRecord(Store& store, std::uint64_t id, const std::function<void(const Record&)>& use) {
  if (id == 0) return false;
  const auto scan = store.NewScan({.id_min = id, .id_max = id});
  const auto batch = scan->Next();
  if (!batch || !*batch) return false;
  const auto ids = (*batch)->Ints(Column::kId);
  const auto at = std::lower_bound(ids.begin(), ids.end(), static_cast<std::int64_t>(id));
  if (at == ids.end() || *at != static_cast<std::int64_t>(id)) return false;
  use((*batch)->Row(static_cast<std::size_t>(at - ids.begin())));
  return true;
}

// Whether the target was made later and begins behind the record.
bool BeginsBehind(const TargetView& target, const Record& record) {
  const auto start = ParseStart(target.definition->from());
  if (!start || target.created <= record.received) return false;
  switch (start->kind) {
    case TargetStart::Kind::kNow:
      return true;
    case TargetStart::Kind::kOldest:
      return false;
    case TargetStart::Kind::kAge:
      return target.created - start->value > record.received;
    case TargetStart::Kind::kTime:
      return start->value > record.received;
    case TargetStart::Kind::kId:
      return static_cast<std::uint64_t>(start->value) >= ToInt(record.id);
  }
  return false;
}

void SetFailure(const TargetFigures& figures, v1::EventDelivery* out) {
  if (figures.state != TargetState::kRetrying && figures.state != TargetState::kBroken) return;
  std::uint64_t failed = 0;
  for (const std::uint64_t count : figures.errors) failed += count;
  out->set_failed_attempts(static_cast<std::uint32_t>(std::min<std::uint64_t>(failed, UINT32_MAX)));
  out->set_last_error(figures.last_error);
}

void FillState(Targets& targets, const TargetView& target, RecordId record, v1::EventDelivery* out) {
  out->set_state(v1::EventDelivery::STATE_PENDING);
  if (record == RecordId{0} || target.figures.position < record) return SetFailure(target.figures, out);
  out->set_state(v1::EventDelivery::STATE_DELIVERED);
  const auto letters = targets.ListLetters(target.definition->name(), RecordId{ToInt(record) - 1}, 1);
  if (!letters || letters->letters.empty() || letters->letters.front().id != record) return;
  out->set_state(v1::EventDelivery::STATE_REFUSED);
  out->set_failed_attempts(letters->letters.front().attempts);
  out->set_last_error(letters->letters.front().reason);
}

}  // namespace

void FillDeliveries(EventContext& context, const v1::Event& event, v1::GetEventResponse* out) {
  if (!event.muted().empty()) return;
  const auto fill = [&](const Record& record) {
    for (const TargetView& target : context.targets.List()) {
      const auto filter = Filter::Parse(target.definition->filter());
      if (!filter || !filter->Matches(record) || BeginsBehind(target, record)) continue;
      v1::EventDelivery* delivery = out->add_deliveries();
      delivery->set_target(target.definition->name());
      FillState(context.targets, target, record.id, delivery);
    }
  };
  if (WithRecord(context.store, event.record_id(), fill)) return;
  // Not written yet, or deleted by retention.
  RecordBatch batch;
  AppendEventRecord(event, "", FromProto(event.create_time()), false, batch);
  batch.records().front().id = RecordId{event.record_id()};
  fill(batch.records().front());
}

}  // namespace cistern
