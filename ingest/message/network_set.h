// A set of IPv4 and IPv6 networks that answers quickly whether an address is in it.
//
// Threads: immutable after Parse(); shared freely.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "ingest/message/ip_address.h"

namespace cistern {

class NetworkSet {
 public:
  NetworkSet() = default;
  // Each as IpNetwork::Parse() takes it: `10.0.0.0/8`, `2001:db8::/32` or one address. Nothing when one is
  // not.
  static std::optional<NetworkSet> Parse(const std::vector<std::string>& networks);

  bool empty() const { return v4_.empty() && v6_.empty(); }
  // O(log n). IPv4 senders are IPv4 however the socket shows them: `::/0` does not hold them. An absent
  // address is in no network.
  bool Contains(const IpAddress& address) const;

 private:
  struct Range {
    std::array<std::uint8_t, 16> first, last;
  };
  using Ranges = std::vector<Range>;  // in order, without overlaps
  static void Merge(Ranges& ranges);

  Ranges v4_, v6_;
};

}  // namespace cistern
