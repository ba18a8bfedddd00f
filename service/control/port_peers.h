// Who is connected to a port of this machine.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace cistern {

// gRPC asks whether a call is allowed before it says where the call comes from. For the audit log of
// refusals: the address if all connections to the port come from one, else `one of A, B`; at most 4 of them
// are named. Empty: nobody is connected any more.
std::string PeersOfPort(std::uint16_t port);

// The same from the text of /proc/net/tcp and /proc/net/tcp6.
std::string PeersIn(std::string_view tcp, std::string_view tcp6, std::uint16_t port);

}  // namespace cistern
