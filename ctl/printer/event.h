// Events and silences for people and as JSON.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "cistern/v1/event_service.pb.h"
#include "ctl/printer/grid.h"

namespace cistern::ctl {

// `open`, `acknowledged`, `resolved`; empty when unknown.
std::string EventStateName(v1::Event::State state);
// `emerg` ... `debug`.
std::string EventSeverityName(std::uint32_t severity);

// Columns of a table of events, and the row of one. `now_ns`: for ages.
Grid EventGrid();
void AddEventRow(const v1::Event& event, std::int64_t now_ns, Grid& grid);
// A line of JSON; `deliveries` may be null. `change`: the number to go on behind; 0: not known.
void AppendEventJson(const v1::Event& event, const v1::GetEventResponse* deliveries, std::string& out,
                     std::uint64_t change = 0);
// Everything about one event, with local times.
void AppendEventText(const v1::GetEventResponse& event, bool color, std::string& out);

void AppendSilenceTable(const std::vector<v1::Silence>& silences, std::int64_t now_ns, bool color,
                        std::string& out);
void AppendSilenceJson(const v1::Silence& silence, std::string& out);

}  // namespace cistern::ctl
