// What the schema alone cannot say about a configuration.
#pragma once

#include "service/config/layers.h"

namespace cistern {

// Adds an error for: listener names that are malformed or taken; an address or path that is used twice;
// client certificates asked for without an authority; zones this machine does not know; a control address
// that is not loopback; paths too long for a Unix socket; a queue too small for one message. Needs filled
// defaults.
void ValidateConfig(const ConfigTarget& target);

}  // namespace cistern
