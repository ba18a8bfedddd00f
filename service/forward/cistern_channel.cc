#include "service/forward/cistern_channel.h"

#include <grpcpp/create_channel.h>
#include <grpcpp/security/credentials.h>
#include <grpcpp/security/tls_certificate_provider.h>
#include <grpcpp/security/tls_certificate_verifier.h>
#include <grpcpp/security/tls_credentials_options.h>
#include <grpcpp/support/channel_arguments.h>

#include <algorithm>
#include <fstream>
#include <utility>

#include "cistern/v1/target.pb.h"
#include "service/forward/spec.h"

namespace cistern {
namespace {

namespace tls = grpc::experimental;

constexpr std::size_t kLongestPem = 1u << 20;

Failure Unreadable(const std::string& what) { return {FailureReason::kConfiguration, what}; }

// Nothing for an empty path. False when the file cannot be read.
bool ReadPem(const std::string& path, std::string& to) {
  if (path.empty()) return true;
  std::ifstream file(path, std::ios::binary);
  to.resize(kLongestPem + 1);
  file.read(to.data(), static_cast<std::streamsize>(to.size()));
  to.resize(static_cast<std::size_t>(std::max<std::streamsize>(file.gcount(), 0)));
  return file.is_open() && !file.bad() && !to.empty() && to.size() <= kLongestPem;
}

bool IsHeaderValue(const std::string& text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c < 0x7f; });
}

std::shared_ptr<grpc::ChannelCredentials> MakeCredentials(const v1::CisternTarget& target,
                                                          const CisternSecrets& secrets) {
  if (!target.has_tls()) return grpc::InsecureChannelCredentials();
  tls::TlsChannelCredentialsOptions options;
  std::vector<tls::IdentityKeyCertPair> identity;
  if (!secrets.certificate.empty()) identity.push_back({secrets.key, secrets.certificate});
  if (!secrets.ca.empty() || !identity.empty())
    options.set_certificate_provider(
        std::make_shared<tls::StaticDataCertificateProvider>(secrets.ca, identity));
  if (!secrets.ca.empty()) options.watch_root_certs();
  if (!identity.empty()) options.watch_identity_key_cert_pairs();
  if (target.tls().verify() != "full") {
    options.set_certificate_verifier(std::make_shared<tls::NoOpCertificateVerifier>());
    options.set_check_call_host(false);
    options.set_verify_server_certs(target.tls().verify() == "chain");
  }
  return tls::TlsCredentials(options);
}

// What happened, out of what gRPC tells of its own attempts around it.
std::string Cause(const std::string& message) {
  constexpr std::pair<const char*, const char*> kPlain[] = {
      {"Connection refused", "refused"},
      {"No route to host", "no route"},
      {"Network is unreachable", "the network is unreachable"},
      {"Hostname Verification Check failed", "the certificate is for another name"},
      {"CERTIFICATE_VERIFY_FAILED", "the certificate is not trusted or has expired"},
      {"certificate verify failed", "the certificate is not trusted or has expired"},
      {"Socket closed", "the connection broke"},
      {"Connection reset by peer", "the connection was reset"},
  };
  for (const auto& [part, plain] : kPlain) {
    if (message.find(part) != std::string::npos) return plain;
  }
  return message;
}

bool Says(const grpc::Status& status, const char* part) {
  return status.error_message().find(part) != std::string::npos;
}

Failure Unavailable(const std::string& address, const grpc::Status& status, bool connecting) {
  const std::string cause = Cause(status.error_message());
  if (Says(status, "DNS resolution failed")) return {FailureReason::kResolve, address + ": no such host"};
  if (Says(status, "andshake") || Says(status, "SSL") || Says(status, "Verification"))
    return {FailureReason::kTls, "TLS with " + address + ": " + cause};
  if (connecting) return {FailureReason::kConnect, "connect to " + address + ": " + cause};
  return {FailureReason::kClosed, address + ": " + cause};
}

}  // namespace

Result<CisternSecrets, Failure> ReadCisternSecrets(const v1::CisternTarget& target) {
  CisternSecrets secrets;
  if (!target.token().empty()) {
    auto token = ReadSecret(target.token());
    if (!token) return Unreadable("cistern.token: " + token.error());
    if (!IsHeaderValue(*token)) return Unreadable("cistern.token: holds what a header cannot");
    secrets.token = std::move(*token);
  }
  const auto& files = target.tls();
  if (!ReadPem(files.ca_file(), secrets.ca))
    return Unreadable("cistern.tls.ca_file: " + files.ca_file() + " cannot be read");
  if (!ReadPem(files.cert_file(), secrets.certificate))
    return Unreadable("cistern.tls.cert_file: " + files.cert_file() + " cannot be read");
  if (!ReadPem(files.key_file(), secrets.key))
    return Unreadable("cistern.tls.key_file: " + files.key_file() + " cannot be read");
  return secrets;
}

std::shared_ptr<grpc::Channel> MakeCisternChannel(const v1::CisternTarget& target,
                                                  const CisternSecrets& secrets) {
  grpc::ChannelArguments arguments;
  arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  arguments.SetUserAgentPrefix("cisternd");
  if (!target.tls().server_name().empty()) arguments.SetSslTargetNameOverride(target.tls().server_name());
  return grpc::CreateCustomChannel("dns:///" + target.address(), MakeCredentials(target, secrets), arguments);
}

void AddToken(const CisternSecrets& secrets, grpc::ClientContext& context) {
  if (!secrets.token.empty()) context.AddMetadata("authorization", "Bearer " + secrets.token);
}

Failure FailureOfCall(const std::string& address, const grpc::Status& status, bool connecting) {
  const std::string said = address + ": " + status.error_message();
  switch (status.error_code()) {
    case grpc::StatusCode::UNAUTHENTICATED:
    case grpc::StatusCode::PERMISSION_DENIED:
      return {FailureReason::kAuth, said};
    case grpc::StatusCode::OK:
      return {FailureReason::kClosed, address + ": ended the stream"};
    case grpc::StatusCode::UNAVAILABLE:
      return Unavailable(address, status, connecting);
    case grpc::StatusCode::UNIMPLEMENTED:
      return {FailureReason::kRejected, address + ": does not know this call; is it a Cistern?"};
    default:
      return {FailureReason::kRejected, said};
  }
}

}  // namespace cistern
