#include "service/control/gate.h"

#include <grpcpp/security/auth_metadata_processor.h>
#include <grpcpp/security/tls_certificate_provider.h>
#include <grpcpp/security/tls_credentials_options.h>
#include <grpcpp/support/status.h>

#include "service/control/port_peers.h"
#include "service/control/status_map.h"

namespace cistern {
namespace {

using Metadata = std::multimap<grpc::string_ref, grpc::string_ref>;

constexpr unsigned kWatchSeconds = 5;
constexpr std::pair<const char*, const char*> kNames[] = {
    {"peer_dns", "dns:"}, {"peer_ip", "ip:"}, {"peer_uri", "uri:"}, {"peer_email", "email:"}};

std::string_view View(grpc::string_ref text) { return {text.data(), text.size()}; }

std::string_view PathOf(const Metadata& metadata) {
  const auto [first, last] = metadata.equal_range(":path");
  const bool one = first != last && std::next(first) == last;
  return one ? View(first->second) : std::string_view();
}

// The names of a certificate that was not verified never get here: gRPC ends such handshakes.
std::vector<std::string> IdentitiesOf(const grpc::AuthContext& context) {
  std::vector<std::string> identities;
  for (const auto& [property, kind] : kNames) {
    for (const grpc::string_ref name : context.FindPropertyValues(property)) {
      std::string identity = NormalIdentity(kind + std::string(View(name)));
      if (!identity.empty()) identities.push_back(std::move(identity));
    }
  }
  return identities;
}

class Gate final : public grpc::AuthMetadataProcessor {
 public:
  Gate(const Access& access, AuditLog& audit, std::shared_ptr<const std::atomic<int>> port)
      : access_(access), audit_(audit), port_(std::move(port)) {}

  bool IsBlocking() const override { return false; }
  grpc::Status Process(const InputMetadata& metadata, grpc::AuthContext* context, OutputMetadata*,
                       OutputMetadata*) override {
    const std::string_view path = PathOf(metadata);
    Credentials credentials = ReadCredentials(context, metadata);
    credentials.local = false;  // this port is not
    const Decision decision = access_.Decide(path, credentials);
    if (decision.kind == Decision::Kind::kAllowed) return grpc::Status::OK;
    const grpc::Status status = ToGrpc(decision);
    AuditRecord record;
    record.caller = decision.right ? decision.right->name : std::string();
    record.method = std::string(path);
    record.result = StatusName(status.error_code());
    record.message = decision.reason;
    audit_.Refused(std::move(record),
                   [this] { return PeersOfPort(static_cast<std::uint16_t>(port_->load())); });
    return status;
  }

 private:
  const Access& access_;
  AuditLog& audit_;
  const std::shared_ptr<const std::atomic<int>> port_;
};

grpc_ssl_client_certificate_request_type RequestType(const std::string& client_auth) {
  if (client_auth == "required") return GRPC_SSL_REQUEST_AND_REQUIRE_CLIENT_CERTIFICATE_AND_VERIFY;
  if (client_auth == "optional") return GRPC_SSL_REQUEST_CLIENT_CERTIFICATE_AND_VERIFY;
  return GRPC_SSL_DONT_REQUEST_CLIENT_CERTIFICATE;
}

}  // namespace

Credentials ReadCredentials(const grpc::AuthContext* context, const Metadata& metadata) {
  Credentials credentials;
  if (context == nullptr) return credentials;
  const auto security = context->FindPropertyValues("transport_security_type");
  credentials.local = security.size() == 1 && View(security.front()) == "insecure";
  if (credentials.local) return credentials;
  credentials.identities = IdentitiesOf(*context);
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

std::shared_ptr<grpc::ServerCredentials> GuardedCredentials(const ServerTls& tls, const Access& access,
                                                            AuditLog& audit,
                                                            std::shared_ptr<const std::atomic<int>> port) {
  using grpc::experimental::FileWatcherCertificateProvider;
  const bool clients = tls.client_auth != "none";
  const auto provider = std::make_shared<FileWatcherCertificateProvider>(
      tls.key_file, tls.cert_file, clients ? tls.client_ca_file : std::string(), kWatchSeconds);
  grpc::experimental::TlsServerCredentialsOptions options(provider);
  options.watch_identity_key_cert_pairs();
  if (clients) options.watch_root_certs();
  options.set_cert_request_type(RequestType(tls.client_auth));
  auto credentials = grpc::experimental::TlsServerCredentials(options);
  credentials->SetAuthMetadataProcessor(std::make_shared<Gate>(access, audit, std::move(port)));
  return credentials;
}

}  // namespace cistern
