#include "service/control/convert.h"

#include <fmt/chrono.h>

#include <algorithm>
#include <ctime>
#include <limits>

#include "ingest/message/shape.h"
#include "ingest/message/structured_data.h"
#include "ingest/message/tags.h"
#include "ingest/parse/parser.h"
#include "service/control/utf8.h"

namespace cistern {
namespace {

constexpr std::int64_t kBillion = 1'000'000'000;
constexpr std::size_t kMaxTagName = 64;

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

bool IsHeaderField(const std::string& text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c < 0x7f; });
}

void AppendStructuredData(const v1::Record& in, std::string& text) {
  if (in.structured_data().empty()) text += '-';
  for (const auto& element : in.structured_data()) {
    text += '[';
    text += element.id();
    for (const auto& param : element.params()) {
      text += ' ';
      text += param.name();
      text += "=\"";
      EscapeSdValue(param.value(), text);
      text += '"';
    }
    text += ']';
  }
}

void AppendField(const std::string& field, std::string& text) {
  text += field.empty() ? "-" : field;
  text += ' ';
}

// RFC 5424 section 6, microseconds unless more digits are needed.
void AppendTime(const v1::Record& in, std::string& text) {
  if (!in.has_message_time()) {
    text += "- ";
    return;
  }
  const std::int64_t ns = FromProto(in.message_time());
  std::int64_t fraction = ns % kBillion;
  if (fraction < 0) fraction += kBillion;
  const std::time_t seconds = static_cast<std::time_t>((ns - fraction) / kBillion);
  std::tm utc{};
  gmtime_r(&seconds, &utc);
  const bool micro = fraction % 1000 == 0;
  text += micro ? fmt::format("{:%Y-%m-%dT%H:%M:%S}.{:06}Z ", utc, fraction / 1000)
                : fmt::format("{:%Y-%m-%dT%H:%M:%S}.{:09}Z ", utc, fraction);
}

std::string RenderRfc5424(const v1::Record& in) {
  const int facility = in.facility() == 0 ? kFacilityUser : in.facility() - 1;
  const int severity = in.severity() == 0 ? kSeverityNotice : in.severity() - 1;
  std::string text = fmt::format("<{}>1 ", facility * 8 + severity);
  AppendTime(in, text);
  AppendField(in.hostname(), text);
  AppendField(in.app_name(), text);
  AppendField(in.procid(), text);
  AppendField(in.msgid(), text);
  AppendStructuredData(in, text);
  if (!in.message().empty()) text += ' ' + in.message();
  return text;
}

bool IsSdName(const std::string& text) {
  return !text.empty() && IsHeaderField(text) && text.find_first_of("=]\"") == std::string::npos;
}

std::string CheckFields(const v1::Record& in) {
  if (in.hostname().size() > 255 || !IsHeaderField(in.hostname()))
    return "hostname: printable ASCII, at most 255";
  if (in.app_name().size() > 48 || !IsHeaderField(in.app_name()))
    return "app_name: printable ASCII, at most 48";
  if (in.procid().size() > 128 || !IsHeaderField(in.procid())) return "procid: printable ASCII, at most 128";
  if (in.msgid().size() > 32 || !IsHeaderField(in.msgid())) return "msgid: printable ASCII, at most 32";
  if (in.facility() < 0 || in.facility() > 24) return "facility: not a known value";
  if (in.severity() < 0 || in.severity() > 8) return "severity: not a known value";
  for (const auto& element : in.structured_data()) {
    if (!IsSdName(element.id())) return "structured_data: bad id \"" + element.id() + "\"";
    for (const auto& param : element.params()) {
      if (!IsSdName(param.name())) return "structured_data: bad name \"" + param.name() + "\"";
    }
  }
  for (const auto& tag : in.tags()) {
    if (tag.name().empty() || tag.name().size() > kMaxTagName) return "tags: a name has 1 to 64 octets";
  }
  return {};
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

std::size_t ApproximateSize(const Record& record, bool include_raw) {
  std::size_t size = 96 + record.listener.size() + record.tls_identity.size() + record.hostname.size() +
                     record.app_name.size() + record.procid.size() + record.msgid.size() +
                     2 * record.structured_data.size() + record.message.size() + record.tags.size();
  if (include_raw || (record.flags & kFlagBadUtf8) != 0) size += std::max(record.raw.size(), size);
  return size;
}

std::string FromProto(const v1::Record& in, std::int64_t received, RecordBatch& batch, Record& out) {
  if (auto wrong = CheckFields(in); !wrong.empty()) return wrong;
  // One way in: rendered as RFC 5424 and parsed like any other message, so shape, flags and raw agree.
  ParseMessage(batch.arena().Copy(RenderRfc5424(in)), ParseContext{received, nullptr}, out);
  std::string tags;
  for (const auto& tag : in.tags()) AppendTag(tags, tag.name(), tag.value());
  out.tags = batch.arena().Copy(tags);
  return {};
}

}  // namespace cistern
