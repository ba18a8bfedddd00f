#include "ctl/sender/tls_connection.h"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <sys/socket.h>

#include <cstring>
#include <utility>

#include "ingest/message/ip_address.h"

namespace cistern::ctl {
namespace {

using ContextPtr = std::unique_ptr<SSL_CTX, decltype(&SSL_CTX_free)>;
using SslPtr = std::unique_ptr<SSL, decltype(&SSL_free)>;

constexpr long kHandshakeSeconds = 10;

std::string TlsError(const std::string& what, const char* otherwise = "TLS failed or the connection ended") {
  const unsigned long code = ERR_get_error();
  ERR_clear_error();
  if (ERR_SYSTEM_ERROR(code)) return what + ": " + std::strerror(ERR_GET_REASON(code));
  const char* reason = ERR_reason_error_string(code);
  return what + ": " + (reason != nullptr ? reason : otherwise);
}

// False and `error` when a file is missing or does not fit.
bool LoadFiles(SSL_CTX* context, const TlsOptions& options, std::string& error) {
  if (!options.insecure) {
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nullptr);
    const bool loaded = options.ca_file.empty()
                            ? SSL_CTX_set_default_verify_paths(context) == 1
                            : SSL_CTX_load_verify_file(context, options.ca_file.c_str()) == 1;
    if (!loaded) {
      error = TlsError("cannot read authorities from " + options.ca_file);
      return false;
    }
  }
  if (options.cert_file.empty()) return true;
  const std::string& key = options.key_file.empty() ? options.cert_file : options.key_file;
  if (SSL_CTX_use_certificate_chain_file(context, options.cert_file.c_str()) != 1) {
    error = TlsError("cannot read the certificate " + options.cert_file);
    return false;
  }
  if (SSL_CTX_use_PrivateKey_file(context, key.c_str(), SSL_FILETYPE_PEM) != 1) {
    error = TlsError("cannot use the key " + key);
    return false;
  }
  return true;
}

// The name or address that the server's certificate must carry.
void ExpectPeer(SSL* ssl, const std::string& host) {
  if (IpAddress::Parse(host)) {
    X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), host.c_str());
  } else {
    SSL_set_tlsext_host_name(ssl, host.c_str());
    SSL_set1_host(ssl, host.c_str());
  }
}

void SetTimeout(int fd, long seconds) {
  const timeval limit{seconds, 0};
  setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
  setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
}

class TlsConnection final : public Connection {
 public:
  TlsConnection(Socket socket, SslPtr ssl, std::string peer)
      : socket_(std::move(socket)), ssl_(std::move(ssl)), peer_(std::move(peer)) {}

  std::size_t Send(const Batch& batch) override {
    std::size_t written = 0;
    if (SSL_write_ex(ssl_.get(), batch.octets().data(), batch.octets().size(), &written) == 1) {
      return batch.size();
    }
    failed_ = true;
    error_ = TlsError(peer_);
    ReadToEnd();  // the peer may have said why it left
    return 0;
  }

  // With TLS 1.3 a server refuses a client certificate only after the handshake: its alert is read here.
  bool Finish() override {
    if (failed_) return false;
    SSL_shutdown(ssl_.get());
    shutdown(socket_.fd(), SHUT_WR);
    failed_ = !ReadToEnd();
    return !failed_;
  }

 private:
  // Reads until the peer closes. False and error() when it sends an alert, resets, or does not close in time.
  bool ReadToEnd() {
    SetTimeout(socket_.fd(), kDrainSeconds);
    char ignored[4096];
    int got = 1;
    while (got > 0) got = SSL_read(ssl_.get(), ignored, sizeof ignored);
    switch (SSL_get_error(ssl_.get(), got)) {
      case SSL_ERROR_ZERO_RETURN:
        return true;
      case SSL_ERROR_SSL:
        error_ = TlsError(peer_);
        return false;
      default:
        if (error_.empty()) error_ = peer_ + ": did not close, so it may not have read everything";
        return false;
    }
  }

  static constexpr long kDrainSeconds = 30;

  Socket socket_;
  SslPtr ssl_;
  const std::string peer_;
};

}  // namespace

std::unique_ptr<Connection> OpenTls(Socket socket, const Endpoint& endpoint, const TlsOptions& options,
                                    std::string& error) {
  const ContextPtr context(SSL_CTX_new(TLS_client_method()), SSL_CTX_free);
  SSL_CTX_set_min_proto_version(context.get(), TLS1_2_VERSION);
  SSL_CTX_set_options(context.get(), SSL_OP_IGNORE_UNEXPECTED_EOF);  // many receivers just close
  if (!LoadFiles(context.get(), options, error)) return nullptr;
  SslPtr ssl(SSL_new(context.get()), SSL_free);
  SSL_set_fd(ssl.get(), socket.fd());
  if (!options.insecure) ExpectPeer(ssl.get(), endpoint.host);
  SetTimeout(socket.fd(), kHandshakeSeconds);
  if (SSL_connect(ssl.get()) != 1) {
    const long verify = SSL_get_verify_result(ssl.get());
    error =
        verify == X509_V_OK
            ? TlsError(endpoint.Address(), "no TLS answer; is this the port of a TLS listener?")
            : endpoint.Address() + ": its certificate is refused: " + X509_verify_cert_error_string(verify);
    return nullptr;
  }
  SetTimeout(socket.fd(), 0);
  return std::make_unique<TlsConnection>(std::move(socket), std::move(ssl), endpoint.Address());
}

}  // namespace cistern::ctl
