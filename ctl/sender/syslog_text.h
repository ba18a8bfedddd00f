// One syslog message as text.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "ingest/message/record.h"
#include "ingest/message/result.h"

namespace cistern::ctl {

enum class SendFormat : std::uint8_t { kRfc5424, kRfc3164, kRaw };

struct SyslogHeader {
  SendFormat format = SendFormat::kRfc5424;
  Facility facility = kFacilityUser;
  Severity severity = kSeverityNotice;
  std::string hostname;  // empty: nil; so are the others
  std::string app_name;
  std::string procid;
  std::string msgid;            // RFC 5424 only
  std::string structured_data;  // as written, in brackets; RFC 5424 only
};

// Empty, or what is wrong with the header: too long, octets that cannot stand there, malformed data.
std::string CheckHeader(const SyslogHeader& header);

// Appends the message. `time_ns` is written in UTC; RFC 3164 has no zone. kRaw: the text alone.
void AppendSyslog(const SyslogHeader& header, std::int64_t time_ns, std::string_view text, std::string& out);

// `2026-11-20T10:00:00.123456Z` and `Nov 20 10:00:00`.
void AppendRfc5424Time(std::int64_t time_ns, std::string& out);
void AppendRfc3164Time(std::int64_t time_ns, std::string& out);

}  // namespace cistern::ctl
