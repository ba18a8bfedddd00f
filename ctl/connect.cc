// The channel to the daemon.
#include <grpcpp/grpcpp.h>
#include <grpcpp/security/tls_certificate_provider.h>
#include <grpcpp/security/tls_credentials_options.h>

#include <fstream>
#include <iterator>

#include "ctl/client.h"

namespace cistern::ctl {
namespace {

// A record may be as large as max_message_size allows (16 MiB), with raw beside it.
constexpr int kMaxReceiveBytes = 64 << 20;
constexpr std::string_view kTlsScheme = "tls://";

// Empty where it cannot be read: the connection then fails and says why.
std::string Content(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

std::string TokenIn(const std::string& path) {
  std::string token = Content(path);
  token.erase(token.find_last_not_of(" \t\r\n") + 1);
  token.erase(0, token.find_first_not_of(" \t\r\n"));
  return token;
}

std::shared_ptr<grpc::ChannelCredentials> TlsCredentials(const TlsChoice& tls) {
  namespace experimental = grpc::experimental;
  experimental::TlsChannelCredentialsOptions options;
  std::vector<experimental::IdentityKeyCertPair> pairs;
  if (!tls.cert.empty()) pairs.push_back({Content(tls.key), Content(tls.cert)});
  const std::string authorities = tls.ca.empty() ? std::string() : Content(tls.ca);
  if (!authorities.empty() || !pairs.empty()) {
    options.set_certificate_provider(
        std::make_shared<experimental::StaticDataCertificateProvider>(authorities, pairs));
  }
  if (!authorities.empty()) options.watch_root_certs();
  if (!pairs.empty()) options.watch_identity_key_cert_pairs();
  if (tls.skip_verify) {
    options.set_verify_server_certs(false);
    options.set_check_call_host(false);
    options.set_certificate_verifier(std::make_shared<experimental::NoOpCertificateVerifier>());
  }
  return experimental::TlsCredentials(options);
}

std::shared_ptr<grpc::ChannelCredentials> CredentialsFor(const TlsChoice& tls) {
  auto channel = TlsCredentials(tls);
  if (tls.token_file.empty()) return channel;
  return grpc::CompositeChannelCredentials(channel, grpc::AccessTokenCredentials(TokenIn(tls.token_file)));
}

}  // namespace

std::shared_ptr<grpc::Channel> Connect(const Context& context) {
  grpc::ChannelArguments arguments;
  arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);
  arguments.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, 100);
  arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, 2'000);
  arguments.SetInt(GRPC_ARG_MIN_RECONNECT_BACKOFF_MS, 5'000);  // how long one attempt may take
  // Otherwise all channels of a process share connections, and their back-off.
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  arguments.SetMaxReceiveMessageSize(kMaxReceiveBytes);
  arguments.SetUserAgentPrefix("cisternctl");
  const bool says_tls = context.addr.starts_with(kTlsScheme);
  const std::string addr = says_tls ? context.addr.substr(kTlsScheme.size()) : context.addr;
  if (addr.starts_with("unix:") || !(says_tls || context.tls.wanted()))
    return grpc::CreateCustomChannel(addr, grpc::InsecureChannelCredentials(), arguments);
  if (!context.tls.server_name.empty()) arguments.SetSslTargetNameOverride(context.tls.server_name);
  return grpc::CreateCustomChannel(addr, CredentialsFor(context.tls), arguments);
}

}  // namespace cistern::ctl
