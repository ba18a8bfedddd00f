#include "service/doors.h"

#include "cistern/v1/config.pb.h"
#include "service/access/access.h"
#include "service/access/audit_log.h"

namespace cistern {

namespace {

TlsOptions TlsOf(const v1::ServerTlsConfig& tls) {
  TlsOptions options;
  options.cert_file = tls.cert_file();
  options.key_file = tls.key_file();
  options.client_ca_file = tls.client_ca_file();
  if (tls.client_auth() == "required") options.client_auth = ClientAuth::kRequired;
  if (tls.client_auth() == "optional") options.client_auth = ClientAuth::kOptional;
  return options;
}

}  // namespace

std::optional<TlsOptions> ControlTlsOf(const v1::ControlConfig& control) {
  return control.has_tls() ? std::optional(TlsOf(control.tls())) : std::nullopt;
}

std::optional<TlsOptions> HttpTlsOf(const v1::HttpConfig& http) {
  return http.has_tls() ? std::optional(TlsOf(http.tls())) : std::nullopt;
}

namespace {

constexpr char kMetrics[] = "/metrics";

Decision Decide(const Access& access, const HttpCaller& caller) {
  if (!caller.tls) {
    return {Decision::Kind::kDenied, nullptr,
            "metrics are for those who show a token or certificate over TLS (http.tls), or for all "
            "(http.anonymous: true)"};
  }
  Credentials credentials;
  for (const std::string& name : caller.names) {
    if (auto identity = NormalIdentity(name); !identity.empty())
      credentials.identities.push_back(std::move(identity));
  }
  ReadAuthorization({caller.authorization.begin(), caller.authorization.end()}, credentials);
  return access.Decide(kMetrics, credentials);
}

}  // namespace

HttpVerdict MayReadMetrics(const Access& access, AuditLog& audit, const HttpCaller& caller) {
  const Decision decision = Decide(access, caller);
  if (decision.kind == Decision::Kind::kAllowed) return {};
  const bool unknown = decision.kind == Decision::Kind::kUnauthenticated;
  AuditRecord record;
  record.caller = decision.right ? decision.right->name : std::string();
  record.peer = caller.peer;
  record.method = kMetrics;
  record.result = unknown ? "UNAUTHENTICATED" : "PERMISSION_DENIED";
  record.message = decision.reason;
  audit.Refused(std::move(record));
  return {unknown ? 401u : 403u, decision.reason};
}

}  // namespace cistern
