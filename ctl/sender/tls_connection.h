// TLS 1.2 or 1.3 over a connected socket (RFC 5425).
#pragma once

#include <memory>
#include <string>

#include "ctl/sender/connection.h"
#include "ctl/sender/socket.h"

namespace cistern::ctl {

// Shakes hands; null and `error` when a file cannot be read, or either side refuses the other's certificate.
std::unique_ptr<Connection> OpenTls(Socket socket, const Endpoint& endpoint, const TlsOptions& options,
                                    std::string& error);

}  // namespace cistern::ctl
