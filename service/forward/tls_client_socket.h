// The client's side of TLS 1.2 and 1.3.
#pragma once

#include <chrono>
#include <memory>
#include <string>

#include "service/forward/client_socket.h"

namespace cistern {

namespace v1 {
class TlsClientConfig;
}

// Speaks TLS on a new connection. The files of `config` are read each time, so that a renewed certificate is
// taken at the next connection. `host` is what was connected to: the name that is checked unless `config` has
// another. SIGPIPE must be ignored by the process.
// kConfiguration: a file cannot be used. kTls, kTimeout, kClosed, kStopped.
Result<std::unique_ptr<ClientStream>, Failure> ConnectTls(Connected connected, std::string name,
                                                          const std::string& host,
                                                          const v1::TlsClientConfig& config,
                                                          std::chrono::steady_clock::time_point deadline,
                                                          const Stop& stop);

// For people: `TLSv1.3, certificate for DNS:logs.example.net valid until 2027-01-31`. Of a stream that
// ConnectTls() made.
std::string DescribeTls(const ClientStream& stream);

}  // namespace cistern
