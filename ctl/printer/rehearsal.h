// What a rehearsal found, and events, as text and JSON.
#pragma once

#include <string>

namespace cistern {
class JsonWriter;
namespace v1 {
class Event;
class RehearseRulesResponse;
}  // namespace v1
}  // namespace cistern

namespace cistern::ctl {

// An object.
void AppendEventJson(const v1::Event& event, JsonWriter& json);
void AppendRehearsalJson(const v1::RehearseRulesResponse& response, std::string& out);
void AppendRehearsalText(const v1::RehearseRulesResponse& response, bool color, std::string& out);

}  // namespace cistern::ctl
