#include "service/control/gate.h"

#include <grpcpp/security/auth_metadata_processor.h>
#include <grpcpp/support/status.h>

#include "service/control/status_map.h"

namespace cistern {
namespace {

std::string_view View(grpc::string_ref text) { return {text.data(), text.size()}; }

// Empty unless it is there once.
std::string_view OnlyOne(const CallMetadata& metadata, const std::string& name) {
  const auto [first, last] = metadata.equal_range(name);
  const bool one = first != last && std::next(first) == last;
  return one ? View(first->second) : std::string_view();
}

class Gate final : public grpc::AuthMetadataProcessor {
 public:
  Gate(const Visitors& visitors, const Access& access, AuditLog& audit)
      : visitors_(visitors), access_(access), audit_(audit) {}

  bool IsBlocking() const override { return false; }
  grpc::Status Process(const InputMetadata& metadata, grpc::AuthContext* context, OutputMetadata*,
                       OutputMetadata*) override {
    const Credentials credentials = ReadCredentials(context, metadata, visitors_);
    if (credentials.local) return grpc::Status::OK;
    const std::string_view path = OnlyOne(metadata, ":path");
    const Decision decision = access_.Decide(path, credentials);
    if (decision.kind == Decision::Kind::kAllowed) return grpc::Status::OK;
    const grpc::Status status = ToGrpc(decision);
    AuditRecord record;
    record.caller = decision.right ? decision.right->name : std::string();
    if (const auto visitor = VisitorOf(metadata, visitors_)) record.peer = visitor->address.ToString();
    record.method = std::string(path);
    record.result = StatusName(status.error_code());
    record.message = decision.reason;
    audit_.Refused(std::move(record));
    return status;
  }

 private:
  const Visitors& visitors_;
  const Access& access_;
  AuditLog& audit_;
};

}  // namespace

VisitorPtr VisitorOf(const CallMetadata& metadata, const Visitors& visitors) {
  return visitors.Find(OnlyOne(metadata, visitors.mark_name()));
}

Credentials ReadCredentials(const grpc::AuthContext* context, const CallMetadata& metadata,
                            const Visitors& visitors) {
  Credentials credentials;
  if (context == nullptr) return credentials;
  const auto security = context->FindPropertyValues("transport_security_type");
  if (security.size() == 1 && View(security.front()) == "insecure") {  // the Unix socket
    credentials.local = true;
    return credentials;
  }
  const VisitorPtr visitor = VisitorOf(metadata, visitors);
  if (!visitor) return credentials;
  credentials.local = !visitor->tls;
  if (credentials.local) return credentials;
  for (const std::string& name : visitor->names) {
    std::string identity = NormalIdentity(name);
    if (!identity.empty()) credentials.identities.push_back(std::move(identity));
  }
  std::vector<std::string_view> values;
  const auto [first, last] = metadata.equal_range("authorization");
  for (auto at = first; at != last; ++at) values.push_back(View(at->second));
  ReadAuthorization(values, credentials);
  return credentials;
}

grpc::Status ToGrpc(const Decision& decision) {
  switch (decision.kind) {
    case Decision::Kind::kAllowed:
      return grpc::Status::OK;
    case Decision::Kind::kUnauthenticated:
      return {grpc::StatusCode::UNAUTHENTICATED, decision.reason};
    case Decision::Kind::kDenied:
      break;
  }
  return {grpc::StatusCode::PERMISSION_DENIED, decision.reason};
}

std::shared_ptr<grpc::ServerCredentials> GuardedCredentials(const Visitors& visitors, const Access& access,
                                                            AuditLog& audit) {
  auto credentials = grpc::experimental::LocalServerCredentials(UDS);
  credentials->SetAuthMetadataProcessor(std::make_shared<Gate>(visitors, access, audit));
  return credentials;
}

}  // namespace cistern
