// The gate behind the door: each call that comes through it, known or not, asks Access before gRPC looks any
// further.
#pragma once

#include <grpcpp/security/auth_context.h>
#include <grpcpp/security/server_credentials.h>
#include <grpcpp/support/string_ref.h>

#include <map>
#include <memory>

#include "service/access/access.h"
#include "service/access/audit_log.h"
#include "service/door/visitors.h"

namespace cistern {

using CallMetadata = std::multimap<grpc::string_ref, grpc::string_ref>;

// Who is at the other end of the connection that brought the call. Null: a client of the Unix socket, or the
// connection is over.
VisitorPtr VisitorOf(const CallMetadata& metadata, const Visitors& visitors);

// What the call shows. Only a connection without TLS is local: such ports are on loopback or in the file
// system.
Credentials ReadCredentials(const grpc::AuthContext* context, const CallMetadata& metadata,
                            const Visitors& visitors);

// UNAUTHENTICATED, PERMISSION_DENIED, or OK.
grpc::Status ToGrpc(const Decision& decision);

// Of the connections that the door hands over. All outlive the server.
std::shared_ptr<grpc::ServerCredentials> GuardedCredentials(const Visitors& visitors, const Access& access,
                                                            AuditLog& audit);

}  // namespace cistern
