// The gRPC server: LogService, AdminService, StoreService, TargetService, RuleService, EventService,
// AccessService, health and reflection on an address and a Unix socket. With TLS each call is let in by
// Access; without it, and through the socket, everybody is an admin.
//
// Start and stop: Start() once; Drain() ends the streams; Stop() waits for what is left, at most until the
// deadline. gRPC headers stay in the .cc file.
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "ingest/message/result.h"
#include "service/control/control_options.h"
#include "service/door/door.h"

namespace cistern {

class ControlServer {
 public:
  static std::unique_ptr<ControlServer> Create(ControlOptions options);
  virtual ~ControlServer() = default;

  // The error is one sentence with the address or the socket that could not be opened.
  virtual Result<void, std::string> Start() = 0;
  // Serving or not, for grpc.health.v1 (overall and per service).
  virtual void SetServing(bool serving) = 0;
  // Tells every stream to end with UNAVAILABLE.
  virtual void Drain() = 0;
  virtual void Stop(std::chrono::steady_clock::time_point deadline) = 0;
  // As bound, with the real port.
  virtual std::string address() const = 0;
  // Open streams by kind, for metrics.
  struct Streams {
    int queries = 0, tails = 0, ingests = 0;
  };
  virtual Streams streams() const = 0;
  // Calls that ended: the name of the status and how many.
  virtual std::vector<std::pair<std::string, std::uint64_t>> calls() const = 0;
  // Of the port; nothing without one.
  virtual DoorFigures door() const = 0;
};

}  // namespace cistern
