// A marked message through every listener, to the store and back.
#pragma once

#include <cstdint>
#include <vector>

#include "ctl/client.h"
#include "ctl/printer/diagnosis.h"

namespace cistern::v1 {
class GetStatusResponse;
}

namespace cistern::ctl {

// One finding a listener. Sends all messages first, then asks for them for at most `wait_ns`. TLS is spoken
// without a look at the server's certificate: `tls check` does that better.
std::vector<Diagnosis> ProbeListeners(const Context& context, Client& client,
                                      const v1::GetStatusResponse& status, std::int64_t wait_ns);

}  // namespace cistern::ctl
