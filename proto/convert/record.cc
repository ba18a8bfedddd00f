#include "proto/convert/record.h"

#include <limits>
#include <string>
#include <string_view>

#include "ingest/message/shape.h"
#include "ingest/message/structured_data.h"
#include "ingest/message/tags.h"
#include "proto/convert/utf8.h"

namespace cistern {
namespace {

constexpr std::int64_t kBillion = 1'000'000'000;

void SetText(std::string_view from, bool valid, std::string* to) {
  if (valid) {
    to->assign(from);
  } else {
    *to = ToUtf8(from);
  }
}

void StructuredDataToProto(const Record& record, bool valid, v1::Record* out) {
  StructuredDataReader reader(record.structured_data);
  v1::StructuredDataElement* element = nullptr;
  std::string unescaped;
  while (const auto item = reader.Next()) {
    if (item->first_of_element || element == nullptr) {
      element = out->add_structured_data();
      SetText(item->id, valid, element->mutable_id());
    }
    if (!item->has_param) continue;
    auto* param = element->add_params();
    SetText(item->name, valid, param->mutable_name());
    if (item->escaped) {
      unescaped.clear();
      UnescapeSdValue(item->value, unescaped);
      SetText(unescaped, valid, param->mutable_value());
    } else {
      SetText(item->value, valid, param->mutable_value());
    }
  }
}

std::int64_t Combine(std::int64_t seconds, std::int32_t nanos) {
  constexpr std::int64_t kLimit = std::numeric_limits<std::int64_t>::max() / kBillion;
  if (seconds >= kLimit) return std::numeric_limits<std::int64_t>::max();
  if (seconds <= -kLimit) return std::numeric_limits<std::int64_t>::min() + 1;
  return seconds * kBillion + nanos;
}

}  // namespace

void ToProto(std::int64_t ns, google::protobuf::Timestamp* out) {
  std::int64_t seconds = ns / kBillion;
  std::int64_t nanos = ns % kBillion;
  if (nanos < 0) {
    nanos += kBillion;
    --seconds;
  }
  out->set_seconds(seconds);
  out->set_nanos(static_cast<std::int32_t>(nanos));
}

void ToProto(std::int64_t ns, google::protobuf::Duration* out) {
  out->set_seconds(ns / kBillion);
  out->set_nanos(static_cast<std::int32_t>(ns % kBillion));
}

std::int64_t FromProto(const google::protobuf::Timestamp& in) { return Combine(in.seconds(), in.nanos()); }
std::int64_t FromProto(const google::protobuf::Duration& in) { return Combine(in.seconds(), in.nanos()); }

v1::Transport ToProto(Transport transport) { return static_cast<v1::Transport>(transport); }
v1::Format ToProto(Format format) { return static_cast<v1::Format>(static_cast<int>(format) + 1); }

void ToProto(const Record& record, bool include_raw, v1::Record* out) {
  const bool valid = (record.flags & kFlagBadUtf8) == 0;
  out->set_id(ToInt(record.id));
  ToProto(record.received, out->mutable_received_time());
  if (record.time != kNoTime) ToProto(record.time, out->mutable_message_time());
  if (record.peer.present()) {
    char text[64];
    out->mutable_peer_address()->assign(text, record.peer.Print(text));
  }
  out->set_peer_port(record.port);
  out->set_transport(ToProto(record.transport));
  out->mutable_listener()->assign(record.listener);
  SetText(record.tls_identity, false, out->mutable_tls_identity());
  out->set_facility(static_cast<v1::Facility>(record.facility + 1));
  out->set_severity(static_cast<v1::Severity>(record.severity + 1));
  SetText(record.hostname, valid, out->mutable_hostname());
  SetText(record.app_name, valid, out->mutable_app_name());
  SetText(record.procid, valid, out->mutable_procid());
  SetText(record.msgid, valid, out->mutable_msgid());
  if (!record.structured_data.empty()) StructuredDataToProto(record, valid, out);
  out->mutable_message()->assign(record.message);
  out->set_format(ToProto(record.format));
  for (std::uint32_t bit = 0; record.flags >> bit != 0; ++bit) {
    if ((record.flags >> bit & 1u) != 0) out->add_flags(static_cast<v1::Flag>(bit + 1));
  }
  TagsReader tags(record.tags);
  while (const auto tag = tags.Next()) {
    auto* added = out->add_tags();
    *added->mutable_name() = ToUtf8(tag->name);
    *added->mutable_value() = ToUtf8(tag->value);
  }
  if (include_raw || !valid) RebuildRaw(record, *out->mutable_raw());
}

}  // namespace cistern
