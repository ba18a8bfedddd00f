// Protocol enumerations as the words of filters, output and rules.
#pragma once

#include <string_view>

#include "cistern/v1/record.pb.h"

namespace cistern {

// Empty for UNSPECIFIED and for values of a newer release.
std::string_view TransportName(v1::Transport transport);  // udp ... internal
std::string_view FormatName(v1::Format format);           // raw rfc5424 rfc3164
std::string_view SeverityName(v1::Severity severity);     // emerg ... debug
std::string_view FacilityName(v1::Facility facility);     // kern ... local7
std::string_view FlagName(v1::Flag flag);                 // truncated ... imported

}  // namespace cistern
