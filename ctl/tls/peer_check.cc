#include "ctl/tls/peer_check.h"

#include <fmt/format.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <sys/socket.h>

#include "ctl/sender/socket.h"
#include "ingest/message/ip_address.h"

namespace cistern::ctl {
namespace {

using Level = Diagnosis::Level;
using ContextPtr = std::unique_ptr<SSL_CTX, decltype(&SSL_CTX_free)>;
using SslPtr = std::unique_ptr<SSL, decltype(&SSL_free)>;

constexpr long kHandshakeSeconds = 10;
// TLS 1.3: a server refuses the client's certificate behind the handshake.
constexpr timeval kRefusalWait{0, 500'000};

void SetTimeout(int fd, const timeval& limit) {
  setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
  setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
}

Chain ChainOf(SSL* ssl) {
  Chain chain;
  const STACK_OF(X509)* shown = SSL_get_peer_cert_chain(ssl);
  for (int i = 0; shown != nullptr && i < sk_X509_num(shown); ++i) {
    X509* const certificate = sk_X509_value(shown, i);
    X509_up_ref(certificate);
    chain.emplace_back(certificate);
  }
  return chain;
}

class PeerCheck {
 public:
  PeerCheck(const Endpoint& endpoint, const TlsOptions& tls) : endpoint_(endpoint), tls_(tls) {}

  std::vector<Diagnosis> Run(const ChainRules& rules) {
    std::string error;
    const Socket socket = ConnectSocket(endpoint_, error);
    if (!socket.open()) {
      Say(Level::kWrong, "connection", error, "look at the address, the listener and the firewall");
      return std::move(found_);
    }
    const ContextPtr context(SSL_CTX_new(TLS_client_method()), SSL_CTX_free);
    SSL_CTX_set_min_proto_version(context.get(), TLS1_2_VERSION);
    if (!LoadClientPair(context.get())) return std::move(found_);
    const SslPtr ssl(SSL_new(context.get()), SSL_free);
    SSL_set_fd(ssl.get(), socket.fd());
    if (!IpAddress::Parse(rules.name)) SSL_set_tlsext_host_name(ssl.get(), rules.name.c_str());
    SetTimeout(socket.fd(), {kHandshakeSeconds, 0});
    const bool done = SSL_connect(ssl.get()) == 1;
    if (done)
      Say(Level::kOk, "handshake",
          fmt::format("{}, {}", SSL_get_version(ssl.get()), SSL_get_cipher_name(ssl.get())));
    if (const Chain chain = ChainOf(ssl.get()); !chain.empty()) {
      CheckChain(chain, rules, found_);
      CheckTrust(chain, rules, tls_.ca_file, found_);
    }
    if (done) {
      SetTimeout(socket.fd(), kRefusalWait);
      char octet;
      if (SSL_read(ssl.get(), &octet, 1) > 0 || SSL_get_error(ssl.get(), -1) != SSL_ERROR_SSL)
        return std::move(found_);
    }
    TellRefusal();
    return std::move(found_);
  }

 private:
  bool LoadClientPair(SSL_CTX* context) {
    if (tls_.cert_file.empty()) return true;
    const std::string& key = tls_.key_file.empty() ? tls_.cert_file : tls_.key_file;
    if (SSL_CTX_use_certificate_chain_file(context, tls_.cert_file.c_str()) == 1 &&
        SSL_CTX_use_PrivateKey_file(context, key.c_str(), SSL_FILETYPE_PEM) == 1)
      return true;
    Say(Level::kWrong, "client certificate",
        fmt::format("{} and {}: {}", tls_.cert_file, key, OpensslReason()),
        fmt::format("cisternctl tls check --client {} {}", tls_.cert_file, key));
    return false;
  }

  void TellRefusal() {
    const int code = ERR_GET_REASON(ERR_peek_last_error());
    const std::string reason = OpensslReason();
    switch (code) {
      case SSL_R_WRONG_VERSION_NUMBER:
        return Say(Level::kWrong, "handshake", "the server does not speak TLS",
                   "is this the port of a TLS listener?");
      case SSL_R_TLSV13_ALERT_CERTIFICATE_REQUIRED:
      case SSL_R_SSLV3_ALERT_HANDSHAKE_FAILURE:
        if (!tls_.cert_file.empty()) break;
        return Say(Level::kWrong, "client certificate", "the server asks for one",
                   "name it with --cert and --key");
      case SSL_R_TLSV1_ALERT_UNKNOWN_CA:
      case SSL_R_SSLV3_ALERT_BAD_CERTIFICATE:
      case SSL_R_SSLV3_ALERT_CERTIFICATE_EXPIRED:
      case SSL_R_SSLV3_ALERT_CERTIFICATE_UNKNOWN:
        return Say(Level::kWrong, "client certificate", "the server refuses ours: " + reason,
                   "compare `cisternctl tls check --client CERT --ca CA` with the server's client_ca_file");
      default:
        break;
    }
    Say(Level::kWrong, "handshake",
        reason == "unknown error" ? "the server closed or did not answer in time" : reason,
        "the server's own log says why");
  }

  void Say(Level level, std::string about, std::string text, std::string advice = {}) {
    found_.push_back({level, std::move(about), std::move(text), std::move(advice)});
  }

  const Endpoint& endpoint_;
  const TlsOptions& tls_;
  std::vector<Diagnosis> found_;
};

}  // namespace

std::vector<Diagnosis> CheckPeer(const Endpoint& endpoint, const TlsOptions& tls, ChainRules rules) {
  if (rules.name.empty()) rules.name = endpoint.host;
  return PeerCheck(endpoint, tls).Run(rules);
}

}  // namespace cistern::ctl
