// A record with every field, for the printers' tests.
#pragma once

#include "cistern/v1/record.pb.h"

namespace cistern {

// 2026-11-20T10:00:00.000000001Z
inline constexpr std::int64_t kSampleReceived = 1'795'168'800;

inline v1::Record SampleRecord() {
  v1::Record record;
  record.set_id(18446744073709551615u);
  record.mutable_received_time()->set_seconds(kSampleReceived);
  record.mutable_received_time()->set_nanos(1);
  record.mutable_message_time()->set_seconds(kSampleReceived - 2);
  record.mutable_message_time()->set_nanos(500'000'000);
  record.set_peer_address("192.0.2.1");
  record.set_peer_port(5514);
  record.set_transport(v1::TRANSPORT_TLS);
  record.set_listener("tls");
  record.set_tls_identity("web-1.example.org");
  record.set_facility(v1::FACILITY_AUTHPRIV);
  record.set_severity(v1::SEVERITY_ERR);
  record.set_hostname("web-1");
  record.set_app_name("sshd");
  record.set_procid("812");
  record.set_msgid("ID47");
  auto* element = record.add_structured_data();
  element->set_id("origin@32473");
  const auto param = [&](const char* name, const char* value) {
    auto* added = element->add_params();
    added->set_name(name);
    added->set_value(value);
  };
  param("ip", "192.0.2.1");
  param("software", "x");
  param("ip", "2001:db8::1");
  record.add_structured_data()->set_id("empty");
  record.set_message("Failed password for \"root\"");
  record.set_format(v1::FORMAT_RFC5424);
  record.add_flags(v1::FLAG_LENIENT);
  record.add_flags(v1::FLAG_BOM);
  for (const char* value : {"bob", "eve"}) {
    auto* tag = record.add_tags();
    tag->set_name("user");
    tag->set_value(value);
  }
  auto* tag = record.add_tags();
  tag->set_name("empty");
  record.set_raw("<83>1 ... raw\x1b");
  return record;
}

}  // namespace cistern
