// Who calls.
#pragma once

#include <grpcpp/server_context.h>

#include <string>

namespace cistern {

// For notes and histories: its address, or `local` when it came through a Unix socket; before it the name of
// its right, where it had to show one.
std::string WhoCalls(const grpc::CallbackServerContext& rpc);

}  // namespace cistern
