// Times as text.
#pragma once

#include <cstdint>
#include <string>

namespace google::protobuf {
class Timestamp;
}

namespace cistern {

// Appends `2026-11-20T10:00:00.123456789Z`: UTC, always nine digits. Years 0 to 9999.
void AppendRfc3339(const google::protobuf::Timestamp& time, std::string& out);
void AppendRfc3339(std::int64_t ns, std::string& out);
std::string Rfc3339(std::int64_t ns);

}  // namespace cistern
