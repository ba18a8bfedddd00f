// One record and what the server knows about it, as a page for people and as JSON.
#pragma once

#include <string>

#include "cistern/v1/admin_service.pb.h"

namespace cistern::ctl {

// Every field that is there, one line each; then the parser's decisions, payload fields and the octets.
// Nothing reaches the terminal unescaped.
void AppendExplainText(const v1::ExplainResponse& explain, bool color, std::string& out);

// One line. Keys: record (see json.h) event_time decisions payload_kind payload_fields raw_is_rebuilt raw,
// and raw_base64 when the octets are not UTF-8.
void AppendExplainJson(const v1::ExplainResponse& explain, std::string& out);

}  // namespace cistern::ctl
