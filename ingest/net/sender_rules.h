// Who may send to a listener, and which load balancers it believes.
#pragma once

#include "ingest/message/network_set.h"

namespace cistern {

struct SenderRules {
  NetworkSet allow;  // empty: everybody
  NetworkSet deny;   // stronger than `allow`
  // TCP, TLS: connections from here begin with a PROXY protocol header that names the real sender.
  NetworkSet load_balancers;

  // Asked for each datagram.
  bool Allows(const IpAddress& sender) const {
    return (deny.empty() || !deny.Contains(sender)) && (allow.empty() || allow.Contains(sender));
  }
};

}  // namespace cistern
