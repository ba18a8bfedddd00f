// What `send` and `load` share: where to, how framed, with which certificates.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "ctl/command/commands.h"
#include "ctl/sender/connection.h"

namespace cistern::ctl {

// As written on the command line.
struct TargetOptions {
  std::string to = "udp://127.0.0.1:5140";
  std::string framing;  // empty: by the kind of target
  TlsOptions tls;
};
void AddTarget(CLI::App& command, TargetOptions& options);

struct Target {
  Endpoint endpoint;
  SendFraming framing = SendFraming::kNone;
  TlsOptions tls;
};
// On a mistake reports it and returns nullopt.
std::optional<Target> ReadTarget(Context& context, const TargetOptions& options);

// `client_id` is used by Ingest only. Null and `error` when the target cannot be reached.
std::unique_ptr<Connection> OpenTarget(const Context& context, const Target& target,
                                       const std::string& client_id, std::string& error);

// The name of this machine.
std::string LocalHostName();

}  // namespace cistern::ctl
