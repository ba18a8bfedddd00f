// The record of an event, as it is written to the log; event.proto says what is in it.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "ingest/message/record_batch.h"

namespace cistern {

namespace v1 {
class Event;
}  // namespace v1

// The filter by which they are found.
inline constexpr char kEventRecords[] = "transport:internal tag.event:*";
inline constexpr char kEventAppName[] = "cistern";
inline constexpr Facility kEventFacility = 3;  // daemon

// What every event has beside its fields.
inline constexpr std::array<std::string_view, 9> kReservedEventFields = {
    "rule", "severity", "key", "count", "first", "last", "muted", "state", "redelivered"};
// Where `event.NAME` of the record's tags is not the field of that name.
bool IsReservedEventField(std::string_view name);

// Appends the record of `event` as it is now, received at `now` (ns). Its message time is the last time of
// the event, of a resolved one its resolve_time. `again`: it is written once more by hand.
void AppendEventRecord(const v1::Event& event, std::string_view hostname, std::int64_t now, bool again,
                       RecordBatch& batch);

}  // namespace cistern
