#include "ctl/command/send_options.h"

#include <unistd.h>

#include <CLI/CLI.hpp>
#include <chrono>

#include "ctl/client.h"
#include "ctl/command/options.h"
#include "ctl/sender/ingest_connection.h"

namespace cistern::ctl {

void AddTarget(CLI::App& command, TargetOptions& options) {
  command
      .add_option("--to", options.to,
                  "udp://HOST:PORT, tcp://HOST:PORT, tls://HOST:PORT, unix:PATH, or grpc: the daemon's "
                  "acknowledged Ingest (default udp://127.0.0.1:5140)")
      ->type_name("TARGET");
  AddChoice(command, "--framing", options.framing, "lf|octet",
            "How messages in a stream are told apart (default lf for tcp, octet for tls)");
  command.add_option("--ca,--ca-cert", options.tls.ca_file,
                     "Authorities that may sign the server's certificate (default the system's)");
  command.add_option("--cert", options.tls.cert_file, "Client certificate");
  command.add_option("--key", options.tls.key_file, "Its key (default in the same file)");
  for (const char* name : {"--ca", "--cert", "--key"}) command.get_option(name)->type_name("FILE");
  command.add_flag("--insecure,--tls-skip-verify", options.tls.insecure,
                   "Accept any server certificate: for tests only");
}

std::optional<Target> ReadTarget(Context& context, const TargetOptions& options) {
  const auto endpoint = ParseEndpoint(options.to);
  if (!endpoint) {
    UsageError(context, "--to: " + endpoint.error());
    return std::nullopt;
  }
  Target target{*endpoint, SendFraming::kNone, options.tls};
  if (endpoint->stream()) {
    const bool tls = endpoint->kind == Endpoint::Kind::kTls;
    target.framing = options.framing == "octet" || (options.framing.empty() && tls) ? SendFraming::kOctet
                                                                                    : SendFraming::kLine;
  }
  return target;
}

std::unique_ptr<Connection> OpenTarget(const Context& context, const Target& target,
                                       const std::string& client_id, std::string& error) {
  if (target.endpoint.kind != Endpoint::Kind::kGrpc)
    return OpenConnection(target.endpoint, target.tls, error);
  if (target.endpoint.host.empty()) return OpenIngest(Connect(context), client_id);
  Context other;
  other.addr = target.endpoint.Address();
  other.tls = context.tls;
  return OpenIngest(Connect(other), client_id);
}

std::string LocalHostName() {
  char name[256] = {};
  return gethostname(name, sizeof name - 1) == 0 ? name : "localhost";
}

}  // namespace cistern::ctl
