// gRPC deadlines are wall-clock times; our work is timed on the steady clock.
#pragma once

#include <grpcpp/server_context.h>

#include <chrono>

namespace cistern {

inline std::chrono::steady_clock::time_point SteadyDeadline(const grpc::ServerContextBase& rpc) {
  const auto left = rpc.deadline() - std::chrono::system_clock::now();
  // Clients without a deadline have one in the far future.
  if (left > std::chrono::hours(24)) return std::chrono::steady_clock::time_point::max();
  return std::chrono::steady_clock::now() + std::chrono::duration_cast<std::chrono::nanoseconds>(left);
}

}  // namespace cistern
