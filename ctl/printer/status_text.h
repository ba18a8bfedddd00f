// The daemon's status as a page for people and as JSON.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "cistern/v1/admin_service.pb.h"

namespace cistern::ctl {

struct StatusStyle {
  std::string_view addr;
  std::int64_t now_ns = 0;
  bool color = false;
};

// `ready` `degraded` `draining`.
std::string_view StateName(v1::GetStatusResponse::State state);
// received = stored + dropped + in flight.
bool Balances(const v1::Ledger& ledger);

void AppendStatusText(const v1::GetStatusResponse& status, const StatusStyle& style, std::string& out);
// One line. Keys: version store_id start_time state reason ledger listeners rules store queue_bytes
// queue_limit_bytes resident_bytes cpu_seconds; inside, the names of admin_service.proto, and
// ledger.balanced.
void AppendStatusJson(const v1::GetStatusResponse& status, std::string& out);

}  // namespace cistern::ctl
