#include "ctl/transfer/record_json.h"

#include <bit>
#include <boost/json.hpp>

#include "absl/strings/escaping.h"
#include "absl/time/time.h"
#include "cistern/v1/record.pb.h"
#include "ctl/printer/time_text.h"
#include "ingest/message/record.h"

namespace cistern::ctl {
namespace {

namespace json = boost::json;

std::string_view View(json::string_view text) { return {text.data(), text.size()}; }

// One field; false when the value does not fit.
using Set = bool (*)(const json::value& value, v1::Record& record);

template <auto mutable_field>
bool SetText(const json::value& value, v1::Record& record) {
  if (!value.is_string()) return false;
  (record.*mutable_field)()->assign(View(value.get_string()));
  return true;
}

template <auto mutable_field>
bool SetBase64(const json::value& value, v1::Record& record) {
  return value.is_string() &&
         absl::Base64Unescape(std::string(View(value.get_string())), (record.*mutable_field)());
}

template <auto mutable_field>
bool SetTime(const json::value& value, v1::Record& record) {
  absl::Time time;
  if (!value.is_string()) return false;
  const std::string text(View(value.get_string()));
  if (!absl::ParseTime(absl::RFC3339_full, text, &time, nullptr)) return false;
  SetNs(absl::ToUnixNanos(time), *(record.*mutable_field)());
  return true;
}

// Names as the message library knows them; the protocol counts from 1 where the library counts from 0.
template <auto parse, auto set_field, class Enum, int kFirst>
bool SetName(const json::value& value, v1::Record& record) {
  if (!value.is_string()) return false;
  const auto known = parse(View(value.get_string()));
  if (!known) return false;
  (record.*set_field)(static_cast<Enum>(static_cast<int>(*known) + kFirst));
  return true;
}

bool SetPort(const json::value& value, v1::Record& record) {
  if (!value.is_int64() || value.get_int64() < 0 || value.get_int64() > 65535) return false;
  record.set_peer_port(static_cast<std::uint32_t>(value.get_int64()));
  return true;
}

bool SetFlags(const json::value& value, v1::Record& record) {
  if (!value.is_array()) return false;
  for (const json::value& name : value.get_array()) {
    if (!name.is_string()) return false;
    const std::uint32_t bit = ParseFlag(View(name.get_string()));
    if (bit == 0) return false;
    record.add_flags(static_cast<v1::Flag>(std::countr_zero(bit) + 1));
  }
  return true;
}

// A name that occurred several times has an array of values.
template <class Each>
bool ForEachValue(const json::value& value, Each each) {
  if (!value.is_array()) return each(value);
  for (const json::value& one : value.get_array()) {
    if (!each(one)) return false;
  }
  return true;
}

template <class Add>
bool ForEachText(const json::value& value, Add add) {
  if (!value.is_object()) return false;
  for (const auto& entry : value.get_object()) {
    const auto each = [&](const json::value& one) {
      if (!one.is_string()) return false;
      add(View(entry.key()), View(one.get_string()));
      return true;
    };
    if (!ForEachValue(entry.value(), each)) return false;
  }
  return true;
}

bool SetTags(const json::value& value, v1::Record& record) {
  return ForEachText(value, [&](std::string_view name, std::string_view text) {
    v1::Tag* tag = record.add_tags();
    tag->mutable_name()->assign(name);
    tag->mutable_value()->assign(text);
  });
}

bool SetStructuredData(const json::value& value, v1::Record& record) {
  if (!value.is_object()) return false;
  for (const auto& entry : value.get_object()) {
    const auto each = [&](const json::value& params) {
      v1::StructuredDataElement* element = record.add_structured_data();
      element->mutable_id()->assign(View(entry.key()));
      return ForEachText(params, [&](std::string_view name, std::string_view text) {
        auto* param = element->add_params();
        param->mutable_name()->assign(name);
        param->mutable_value()->assign(text);
      });
    };
    if (!ForEachValue(entry.value(), each)) return false;
  }
  return true;
}

struct Field {
  std::string_view key;
  Set set;
};
// Base64 stands behind the text it makes exact, and wins.
constexpr Field kFields[] = {
    {"received", SetTime<&v1::Record::mutable_received_time>},
    {"time", SetTime<&v1::Record::mutable_message_time>},
    {"peer", SetText<&v1::Record::mutable_peer_address>},
    {"port", SetPort},
    {"transport", SetName<ParseTransport, &v1::Record::set_transport, v1::Transport, 0>},
    {"listener", SetText<&v1::Record::mutable_listener>},
    {"tls_identity", SetText<&v1::Record::mutable_tls_identity>},
    {"facility", SetName<ParseFacility, &v1::Record::set_facility, v1::Facility, 1>},
    {"severity", SetName<ParseSeverity, &v1::Record::set_severity, v1::Severity, 1>},
    {"hostname", SetText<&v1::Record::mutable_hostname>},
    {"app_name", SetText<&v1::Record::mutable_app_name>},
    {"procid", SetText<&v1::Record::mutable_procid>},
    {"msgid", SetText<&v1::Record::mutable_msgid>},
    {"structured_data", SetStructuredData},
    {"message", SetText<&v1::Record::mutable_message>},
    {"message_base64", SetBase64<&v1::Record::mutable_message>},
    {"format", SetName<ParseFormat, &v1::Record::set_format, v1::Format, 1>},
    {"flags", SetFlags},
    {"tags", SetTags},
    {"raw", SetText<&v1::Record::mutable_raw>},
    {"raw_base64", SetBase64<&v1::Record::mutable_raw>},
};

}  // namespace

std::string ReadRecordJson(std::string_view line, v1::Record& record) {
  record.Clear();
  json::error_code error;
  const json::value value = json::parse(json::string_view(line.data(), line.size()), error);
  if (error) return "not JSON: " + error.message();
  if (!value.is_object()) return "not a JSON object";
  const json::object& object = value.get_object();
  for (const Field& field : kFields) {
    const json::value* found = object.if_contains(json::string_view(field.key.data(), field.key.size()));
    if (found != nullptr && !field.set(*found, record)) return "bad value of " + std::string(field.key);
  }
  if (record.message().empty() && record.raw().empty() && record.format() == v1::FORMAT_UNSPECIFIED) {
    return "no record: it has no message, raw or format";
  }
  return {};
}

}  // namespace cistern::ctl
