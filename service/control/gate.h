// The door of every port with TLS: each call, known or not, asks Access before gRPC looks any further.
#pragma once

#include <grpcpp/security/auth_context.h>
#include <grpcpp/security/server_credentials.h>
#include <grpcpp/support/string_ref.h>

#include <atomic>
#include <map>
#include <memory>
#include <string>

#include "service/access/access.h"
#include "service/access/audit_log.h"
#include "service/control/control_options.h"

namespace cistern {

// What the call shows. Only a connection without TLS is local: such ports are on loopback or in the file
// system.
Credentials ReadCredentials(const grpc::AuthContext* context,
                            const std::multimap<grpc::string_ref, grpc::string_ref>& metadata);

// UNAUTHENTICATED, PERMISSION_DENIED, or OK.
grpc::Status ToGrpc(const Decision& decision);

// TLS 1.2 or 1.3; the files are watched. Access and audit outlive the server. `port` is where it listens,
// once it does.
std::shared_ptr<grpc::ServerCredentials> GuardedCredentials(const ServerTls& tls, const Access& access,
                                                            AuditLog& audit,
                                                            std::shared_ptr<const std::atomic<int>> port);

}  // namespace cistern
