// Certificates made on the spot, and a TLS client.
#pragma once

#include <openssl/ssl.h>
#include <openssl/x509.h>

#include <memory>
#include <string>
#include <string_view>

#include "tests/unit/ingest/net/fakes.h"

namespace cistern::testing {

// A key and a certificate in PEM files of a temporary folder.
class Certificate {
 public:
  struct Options {
    std::string common_name = "test";
    std::string alternative_names;  // as in openssl.cnf: "DNS:a.example,IP:192.0.2.1"; empty: none
    bool authority = false;
    int days = 1;  // negative: expired
  };
  // Signed by `issuer`, or by itself when null.
  Certificate(const Options& options, const Certificate* issuer = nullptr);

  X509* x509() const { return certificate_.get(); }
  EVP_PKEY* key() const { return key_.get(); }
  void WriteCertificate(const std::string& path) const;
  void WriteKey(const std::string& path, const char* passphrase = nullptr) const;
  std::int64_t not_after() const;

 private:
  std::shared_ptr<EVP_PKEY> key_;
  std::shared_ptr<X509> certificate_;
};

struct TlsClientOptions {
  const Certificate* certificate = nullptr;
  int min_version = 0, max_version = 0;  // 0: any
  const char* ciphers = nullptr;         // TLS 1.2
  std::string_view before;               // sent in the clear before the handshake
};

// Blocking.
class TlsClient {
 public:
  using Options = TlsClientOptions;
  explicit TlsClient(const std::string& address, const Options& options = {});
  // The handshake succeeded as far as the client can see.
  bool connected() const { return connected_; }
  void Send(std::string_view octets);
  // With close_notify.
  void Close();
  // Without.
  void Cut();
  const X509* server_certificate() const { return SSL_get0_peer_certificate(ssl_.get()); }
  bool got_ticket() const;

 private:
  Client client_;
  std::shared_ptr<SSL_CTX> context_;
  std::shared_ptr<SSL> ssl_;
  bool connected_ = false;
};

}  // namespace cistern::testing
