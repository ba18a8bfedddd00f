#include "storage/block/record_columns.h"

#include <algorithm>

#include "ingest/message/shape.h"
#include "storage/block/header.h"

namespace cistern {

void RecordColumns::Clear() {
  for (auto* ints :
       {&ids, &received, &ports, &transports, &formats, &facilities, &severities, &flags, &shapes})
    ints->clear();
  times.Clear();
  for (auto* column : {&peers, &listeners, &tls_identities, &hostnames, &app_names, &procids, &msgids})
    column->Clear();
  raws.Clear();
}

void RecordColumns::Widen(const Record& record) {
  if (ids.empty()) bounds_ = {.min_received = record.received, .max_received = record.received};
  bounds_.min_received = std::min(bounds_.min_received, record.received);
  bounds_.max_received = std::max(bounds_.max_received, record.received);
  if (record.time == kNoTime) return;
  bounds_.min_time = bounds_.min_time == kNoTime ? record.time : std::min(bounds_.min_time, record.time);
  bounds_.max_time = std::max(bounds_.max_time, record.time);  // kNoTime is the smallest value
}

void RecordColumns::Add(const Record& record) {
  Widen(record);
  ids.push_back(static_cast<std::int64_t>(ToInt(record.id)));
  received.push_back(record.received);
  times.Add(record.time, record.received);
  ports.push_back(record.port);
  transports.push_back(static_cast<std::int64_t>(record.transport));
  formats.push_back(static_cast<std::int64_t>(record.format));
  facilities.push_back(record.facility);
  severities.push_back(record.severity);
  flags.push_back(record.flags);
  shapes.push_back(PackShape(record.shape));
  peers.Add(PeerOctets(record.peer));
  listeners.Add(record.listener);
  tls_identities.Add(record.tls_identity);
  hostnames.Add(record.hostname);
  app_names.Add(record.app_name);
  procids.Add(record.procid);
  msgids.Add(record.msgid);
  raws.Add(record.shape.code == kShapeRaw ? record.raw : std::string_view{});
}

BlockSummary RecordColumns::Summary() const {
  BlockSummary summary = bounds_;
  summary.records = ids.size();
  summary.first_id = RecordId{static_cast<std::uint64_t>(ids.front())};
  summary.last_id = RecordId{static_cast<std::uint64_t>(ids.back())};
  return summary;
}

}  // namespace cistern
