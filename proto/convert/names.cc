#include "proto/convert/names.h"

#include <span>

namespace cistern {
namespace {

constexpr std::string_view kTransports[] = {"", "udp", "tcp", "tls", "unix", "grpc", "internal"};
constexpr std::string_view kFormats[] = {"", "raw", "rfc5424", "rfc3164"};
constexpr std::string_view kSeverities[] = {"",        "emerg",  "alert", "crit", "err",
                                            "warning", "notice", "info",  "debug"};
constexpr std::string_view kFacilities[] = {
    "",       "kern",   "user",     "mail",   "daemon", "auth",   "syslog",  "lpr",   "news",
    "uucp",   "cron",   "authpriv", "ftp",    "ntp",    "audit",  "console", "clock", "local0",
    "local1", "local2", "local3",   "local4", "local5", "local6", "local7"};
constexpr std::string_view kFlags[] = {"",           "truncated",     "bad_utf8",      "bad_pri",
                                       "no_pri",     "bad_timestamp", "year_inferred", "zone_inferred",
                                       "clock_skew", "partial_frame", "malformed",     "lenient",
                                       "bom",        "imported"};

// A release may add values, but every value this one was built with has a name.
static_assert(std::size(kTransports) == v1::Transport_ARRAYSIZE);
static_assert(std::size(kFormats) == v1::Format_ARRAYSIZE);
static_assert(std::size(kSeverities) == v1::Severity_ARRAYSIZE);
static_assert(std::size(kFacilities) == v1::Facility_ARRAYSIZE);
static_assert(std::size(kFlags) == v1::Flag_ARRAYSIZE);

std::string_view At(std::span<const std::string_view> names, int index) {
  return index >= 0 && static_cast<std::size_t>(index) < names.size() ? names[static_cast<std::size_t>(index)]
                                                                      : "";
}

}  // namespace

std::string_view TransportName(v1::Transport transport) { return At(kTransports, transport); }
std::string_view FormatName(v1::Format format) { return At(kFormats, format); }
std::string_view SeverityName(v1::Severity severity) { return At(kSeverities, severity); }
std::string_view FacilityName(v1::Facility facility) { return At(kFacilities, facility); }
std::string_view FlagName(v1::Flag flag) { return At(kFlags, flag); }

}  // namespace cistern
