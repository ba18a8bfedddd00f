#include "proto/convert/record_json.h"

#include <unordered_map>
#include <vector>

#include "ingest/parse/utf8.h"
#include "proto/convert/escape.h"
#include "proto/convert/json.h"
#include "proto/convert/names.h"

namespace cistern {
namespace {

// Writes an object of `items` in order of first appearance of their names; the values of a repeated name
// become an array. Linear, since a message can carry thousands of parameters of one name.
template <class Items, class NameOf, class WriteValue>
void WriteGrouped(JsonWriter& json, const Items& items, NameOf name_of, WriteValue write_value) {
  std::unordered_map<std::string_view, std::size_t> group_of;
  std::vector<std::vector<int>> groups;
  for (int i = 0; i < items.size(); ++i) {
    const auto [it, added] = group_of.try_emplace(name_of(items[i]), groups.size());
    if (added) groups.emplace_back();
    groups[it->second].push_back(i);
  }
  json.BeginObject();
  for (const auto& group : groups) {
    json.Key(name_of(items[group[0]]));
    if (group.size() > 1) json.BeginArray();
    for (const int i : group) write_value(items[i]);
    if (group.size() > 1) json.EndArray();
  }
  json.EndObject();
}

// Text under `key`; where it is not UTF-8 also its octets, under `base64_key`.
void WriteOctets(std::string_view octets, std::string_view key, std::string_view base64_key,
                 JsonWriter& json) {
  json.OptionalString(key, octets);
  if (IsUtf8(octets)) return;
  std::string base64;
  AppendBase64(octets, base64);
  json.Key(base64_key).String(base64);
}

void WriteOrigin(const v1::Record& record, JsonWriter& json) {
  if (record.id() != 0) json.Key("id").Number(record.id());
  if (record.has_received_time()) json.Key("received").Time(record.received_time());
  if (record.has_message_time()) json.Key("time").Time(record.message_time());
  json.OptionalString("peer", record.peer_address());
  if (record.peer_port() != 0) json.Key("port").Number(record.peer_port());
  json.OptionalString("transport", TransportName(record.transport()));
  json.OptionalString("listener", record.listener());
  json.OptionalString("tls_identity", record.tls_identity());
}

void WriteHeader(const v1::Record& record, JsonWriter& json) {
  json.OptionalString("facility", FacilityName(record.facility()));
  json.OptionalString("severity", SeverityName(record.severity()));
  json.OptionalString("hostname", record.hostname());
  json.OptionalString("app_name", record.app_name());
  json.OptionalString("procid", record.procid());
  json.OptionalString("msgid", record.msgid());
}

}  // namespace

void WriteStructuredData(const v1::Record& record, JsonWriter& json) {
  const auto write_value = [&](const auto& param) { json.String(param.value()); };
  const auto name_of = [](const auto& param) { return std::string_view(param.name()); };
  WriteGrouped(
      json, record.structured_data(), [](const auto& element) { return std::string_view(element.id()); },
      [&](const auto& element) { WriteGrouped(json, element.params(), name_of, write_value); });
}

void WriteTags(const google::protobuf::RepeatedPtrField<v1::Tag>& tags, JsonWriter& json) {
  WriteGrouped(
      json, tags, [](const v1::Tag& tag) { return std::string_view(tag.name()); },
      [&](const v1::Tag& tag) { json.String(tag.value()); });
}

namespace {

// Everything but `raw`, without the braces.
void WriteFields(const v1::Record& record, JsonWriter& json) {
  WriteOrigin(record, json);
  WriteHeader(record, json);
  if (!record.structured_data().empty()) WriteStructuredData(record, json.Key("structured_data"));
  WriteOctets(record.message(), "message", "message_base64", json);
  json.OptionalString("format", FormatName(record.format()));
  if (!record.flags().empty()) {
    json.Key("flags").BeginArray();
    for (const int flag : record.flags()) json.String(FlagName(static_cast<v1::Flag>(flag)));
    json.EndArray();
  }
  if (!record.tags().empty()) WriteTags(record.tags(), json.Key("tags"));
}

}  // namespace

void AppendRecordJson(const v1::Record& record, std::string& out) {
  JsonWriter json(out);
  json.BeginObject();
  WriteFields(record, json);
  json.EndObject();
}

void AppendExportJson(const v1::Record& record, std::string& out) {
  JsonWriter json(out);
  json.BeginObject();
  WriteFields(record, json);
  if (record.raw() != record.message()) WriteOctets(record.raw(), "raw", "raw_base64", json);
  json.EndObject();
}

}  // namespace cistern
