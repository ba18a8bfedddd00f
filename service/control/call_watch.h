// Knows every call from its first moment to its last: who makes it, and whether the right is still there.
// Writes calls that are audited to the audit log, with what came of them, and counts those through the Unix
// socket, which does not lead past the door.
//
// Threads: any.
#pragma once

#include <grpcpp/server_context.h>
#include <grpcpp/support/server_interceptor.h>

#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "service/access/access.h"
#include "service/access/audit_log.h"
#include "service/door/call_counts.h"
#include "service/door/visitors.h"

namespace cistern {

class CallFacts {
 public:
  CallFacts(std::string method, VisitorPtr visitor, Credentials credentials, RightPtr right)
      : method(std::move(method)),
        visitor(std::move(visitor)),
        peer(this->visitor       ? this->visitor->address.ToString()
             : credentials.local ? "local"
                                 : "unknown"),
        credentials(std::move(credentials)),
        right(std::move(right)) {}

  const std::string method;  // as of the wire
  const VisitorPtr visitor;  // null: through the Unix socket, or gone long ago
  const std::string peer;    // its address without port; `local`, `unknown`
  const Credentials credentials;
  const RightPtr right;  // as of the beginning; null: a public call of somebody unknown

  bool through_socket() const { return credentials.local && !visitor; }

  // Set once the right has ended: how the call is to end. Streams look once a second.
  std::optional<grpc::Status> revoked() const {
    const std::lock_guard lock(mutex_);
    return revoked_;
  }
  void Revoke(const grpc::Status& status) {
    const std::lock_guard lock(mutex_);
    if (!revoked_) revoked_ = status;
  }

 private:
  mutable std::mutex mutex_;
  std::optional<grpc::Status> revoked_;  // guarded by mutex_
};

// Of a call that runs now; null when it is none of a server with a CallWatch.
std::shared_ptr<const CallFacts> FactsOf(const grpc::ServerContextBase& rpc);

class CallWatch {
 public:
  // All outlive the server.
  CallWatch(const Access& access, AuditLog& audit, const Visitors& visitors, CallCounts& counts)
      : access_(access), audit_(audit), visitors_(visitors), counts_(counts) {}

  std::unique_ptr<grpc::experimental::ServerInterceptorFactoryInterface> NewFactory();
  // Looks once more whether each running call is allowed, and tells those that are not any more. To be called
  // once a second.
  void Tick();

  const Access& access() const { return access_; }
  AuditLog& audit() { return audit_; }
  const Visitors& visitors() const { return visitors_; }
  CallCounts& counts() { return counts_; }

 private:
  const Access& access_;
  AuditLog& audit_;
  const Visitors& visitors_;
  CallCounts& counts_;
};

}  // namespace cistern
