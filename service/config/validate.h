// What the schema alone cannot say about a configuration.
#pragma once

#include <string>

#include "service/config/layers.h"

namespace cistern {

// Adds an error for: listener names that are malformed or taken; an address or path that is used twice;
// sender networks of a listener whose senders have none; client certificates asked for without an authority;
// zones this machine does not know; a control address off loopback without TLS or that would let nobody in;
// grants that make no sense; paths too long for a Unix socket; a queue too small for one message. Needs
// filled defaults.
void ValidateConfig(const ConfigTarget& target);

// HOST:PORT with a numeric host in 127.0.0.0/8, or ::1.
bool IsLoopbackAddress(const std::string& host_port);

}  // namespace cistern
