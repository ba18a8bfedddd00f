// Who calls.
#pragma once

#include <grpcpp/server_context.h>

#include <cstdint>
#include <string>

#include "ingest/message/ip_address.h"

namespace cistern {

// Leaves both as they are when the client came through a Unix socket.
void ReadPeer(const grpc::CallbackServerContext& rpc, IpAddress& address, std::uint16_t& port);

// For notes and histories: its address, or `local` when it came through a Unix socket.
std::string WhoCalls(const grpc::CallbackServerContext& rpc);

}  // namespace cistern
