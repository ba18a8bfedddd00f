// Who calls.
#pragma once

#include <grpcpp/server_context.h>

#include <cstdint>
#include <string>

#include "ingest/message/ip_address.h"

namespace cistern {

// Of what gRPC says of the client. Leaves both as they are when it came through a Unix socket.
void ReadPeer(std::string peer, IpAddress& address, std::uint16_t& port);
// The address alone, or `local`.
std::string AddressOf(const std::string& peer);

// For notes and histories: its address, or `local` when it came through a Unix socket; before it the name of
// its right, where it had to show one.
std::string WhoCalls(const grpc::CallbackServerContext& rpc);

}  // namespace cistern
