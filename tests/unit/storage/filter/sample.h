// One record with something in every field, for filter tests.
#pragma once

#include <string>

#include "ingest/message/record.h"
#include "ingest/message/tags.h"

namespace cistern {

inline constexpr std::int64_t kSampleTime = 1'795'082'400'000'000'000;  // 2026-11-19T10:00:00Z

inline Record SampleRecord() {
  static const std::string tags = [] {
    std::string encoded;
    AppendTag(encoded, "user", "Bob");
    AppendTag(encoded, "user", "admin");
    AppendTag(encoded, "team.name", "core");
    return encoded;
  }();
  Record record;
  record.id = RecordId{42};
  record.received = kSampleTime + 1'500'000'000;
  record.time = kSampleTime;
  record.peer = *IpAddress::Parse("10.1.2.3");
  record.port = 50123;
  record.transport = Transport::kTls;
  record.format = Format::kRfc5424;
  record.facility = 4;
  record.severity = 3;
  record.flags = kFlagTruncated | kFlagBom;
  record.listener = "tls-main";
  record.tls_identity = "web-01.example.com";
  record.hostname = "Web-01";
  record.app_name = "sshd";
  record.procid = "1234";
  record.msgid = "ID47";
  record.structured_data =
      R"([exampleSDID@32473 iut="3" eventSource="App \"x\""][origin ip="192.0.2.1" ip="192.0.2.129"][a.b@1.2 n="v"])";
  record.message = "Failed password for invalid user root from 10.0.0.1 port 22 ssh2: see /var/log/auth.log";
  record.raw = "<35>1 ... Failed password RAWONLY";
  record.tags = tags;
  return record;
}

}  // namespace cistern
