// What is wrong with a TLS server, seen from here.
#pragma once

#include <string>
#include <vector>

#include "ctl/printer/diagnosis.h"
#include "ctl/sender/connection.h"
#include "ctl/sender/endpoint.h"
#include "ctl/tls/chain.h"

namespace cistern::ctl {

// Connects, shakes hands and leaves; at most some 20 s. `tls.insecure` is not looked at: everything is told.
// `rules.name` is asked for and must be carried; empty: the endpoint's host.
std::vector<Diagnosis> CheckPeer(const Endpoint& endpoint, const TlsOptions& tls, ChainRules rules);

}  // namespace cistern::ctl
