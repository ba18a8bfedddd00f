#include "ctl/printer/status_text.h"
#include "ctl/printer/time_text.h"
#include "proto/convert/json.h"
#include "proto/convert/names.h"

namespace cistern::ctl {
namespace {

void WriteLedger(const v1::Ledger& ledger, JsonWriter& json) {
  json.Key("ledger").BeginObject();
  json.Key("received").Number(ledger.received()).Key("stored").Number(ledger.stored());
  json.Key("dropped").BeginArray();
  for (const auto& drop : ledger.dropped()) {
    json.BeginObject().Key("stage").String(drop.stage()).Key("reason").String(drop.reason());
    json.Key("messages").Number(drop.messages()).EndObject();
  }
  json.EndArray().Key("in_flight").Number(ledger.in_flight()).Key("transports").BeginArray();
  for (const auto& transport : ledger.transports()) {
    json.BeginObject().Key("transport").String(TransportName(transport.transport()));
    json.Key("messages").Number(transport.messages()).Key("octets").Number(transport.octets()).EndObject();
  }
  json.EndArray().Key("kernel_drops").Number(ledger.kernel_drops());
  json.Key("balanced").Bool(Balances(ledger)).EndObject();
}

void WriteListeners(const v1::GetStatusResponse& status, JsonWriter& json) {
  json.Key("listeners").BeginArray();
  for (const auto& listener : status.listeners()) {
    json.BeginObject().Key("name").String(listener.name());
    json.Key("transport")
        .String(TransportName(listener.transport()))
        .Key("address")
        .String(listener.address());
    json.Key("receive_buffer_bytes").Number(listener.receive_buffer_bytes());
    json.Key("connections")
        .Number(listener.connections())
        .Key("kernel_drops")
        .Number(listener.kernel_drops());
    json.Key("denied").Number(listener.denied()).Key("proxy_refused").Number(listener.proxy_refused());
    if (listener.has_certificate_expiry()) json.Key("certificate_expiry").Time(listener.certificate_expiry());
    json.EndObject();
  }
  json.EndArray();
}

void WriteRules(const v1::RulesStatus& rules, JsonWriter& json) {
  json.Key("rules").BeginObject().Key("enabled").Number(std::uint64_t{rules.enabled()});
  json.Key("total").Number(std::uint64_t{rules.total()}).Key("lag_records").Number(rules.lag_records());
  json.Key("lag_seconds").Seconds(rules.has_lag() ? ToNs(rules.lag()) : 0);
  json.Key("missed_records").Number(rules.missed_records());
  json.Key("open_events").Number(rules.open_events()).EndObject();
}

void WriteStore(const v1::StoreStatus& store, JsonWriter& json) {
  json.Key("store").BeginObject().Key("dir").String(store.dir());
  json.Key("records").Number(store.records()).Key("bytes").Number(store.bytes());
  json.Key("log_files").Number(store.log_files()).Key("first_record_id").Number(store.first_record_id());
  json.Key("last_record_id").Number(store.last_record_id());
  if (store.has_oldest_received_time()) json.Key("oldest_received_time").Time(store.oldest_received_time());
  if (store.has_newest_received_time()) json.Key("newest_received_time").Time(store.newest_received_time());
  json.Key("free_bytes").Number(store.free_bytes());
  json.Key("quarantined_batches").Number(store.quarantined_batches()).EndObject();
}

}  // namespace

void AppendStatusJson(const v1::GetStatusResponse& status, std::string& out) {
  JsonWriter json(out);
  json.BeginObject().Key("version").String(status.version()).Key("store_id").String(status.store_id());
  json.Key("start_time").Time(status.start_time()).Key("state").String(StateName(status.state()));
  json.OptionalString("reason", status.reason());
  WriteLedger(status.ledger(), json);
  WriteListeners(status, json);
  WriteRules(status.rules(), json);
  WriteStore(status.store(), json);
  json.Key("queue_bytes")
      .Number(status.queue_bytes())
      .Key("queue_limit_bytes")
      .Number(status.queue_limit_bytes());
  json.Key("resident_bytes").Number(status.resident_bytes());
  json.Key("cpu_seconds").Seconds(ToNs(status.cpu_time())).EndObject();
  out += '\n';
}

}  // namespace cistern::ctl
