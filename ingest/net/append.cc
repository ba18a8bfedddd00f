#include "ingest/net/append.h"

#include <algorithm>

namespace cistern {

bool IsBlank(std::string_view octets) {
  return std::all_of(octets.begin(), octets.end(),
                     [](char c) { return c == '\r' || c == '\n' || c == '\0'; });
}

Record& AppendUnparsed(RecordBatch& batch, std::string_view octets, const Origin& origin,
                       std::int64_t received) {
  Record& record = batch.records().emplace_back();
  record.received = received;
  record.peer = origin.peer;
  record.port = origin.port;
  record.transport = origin.transport;
  record.listener = origin.listener;
  record.tls_identity = origin.tls_identity;
  record.raw = octets;
  batch.received_octets += octets.size();
  return record;
}

}  // namespace cistern
