#include "tests/unit/ingest/net/certificates.h"

#include <gtest/gtest.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <cstdio>
#include <cstring>

namespace cistern::testing {
namespace {

constexpr long kSecondsPerDay = 86'400;

void AddExtension(X509* certificate, int nid, const std::string& value) {
  X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, nullptr, nid, value.c_str());
  ASSERT_NE(extension, nullptr) << value;
  X509_add_ext(certificate, extension, -1);
  X509_EXTENSION_free(extension);
}

struct CloseFile {
  void operator()(std::FILE* file) const { std::fclose(file); }
};
using File = std::unique_ptr<std::FILE, CloseFile>;

}  // namespace

Certificate::Certificate(const Options& options, const Certificate* issuer)
    : key_(EVP_EC_gen("P-256"), &EVP_PKEY_free), certificate_(X509_new(), &X509_free) {
  static long serial = 0;
  X509* x509 = certificate_.get();
  X509_set_version(x509, X509_VERSION_3);
  ASN1_INTEGER_set(X509_get_serialNumber(x509), ++serial);
  X509_gmtime_adj(X509_getm_notBefore(x509), -30 * kSecondsPerDay);
  X509_gmtime_adj(X509_getm_notAfter(x509), options.days * kSecondsPerDay);
  X509_NAME_add_entry_by_txt(X509_get_subject_name(x509), "CN", MBSTRING_UTF8,
                             reinterpret_cast<const unsigned char*>(options.common_name.c_str()), -1, -1, 0);
  X509_set_issuer_name(x509, X509_get_subject_name(issuer ? issuer->x509() : x509));
  X509_set_pubkey(x509, key_.get());
  if (options.authority) AddExtension(x509, NID_basic_constraints, "critical,CA:TRUE");
  if (!options.alternative_names.empty()) AddExtension(x509, NID_subject_alt_name, options.alternative_names);
  X509_sign(x509, issuer ? issuer->key() : key_.get(), EVP_sha256());
}

void Certificate::WriteCertificate(const std::string& path) const {
  const File file(std::fopen(path.c_str(), "w"));
  ASSERT_TRUE(file) << path;
  PEM_write_X509(file.get(), x509());
}

void Certificate::WriteKey(const std::string& path, const char* passphrase) const {
  const File file(std::fopen(path.c_str(), "w"));
  ASSERT_TRUE(file) << path;
  const auto* text = reinterpret_cast<const unsigned char*>(passphrase);
  PEM_write_PrivateKey(file.get(), key(), passphrase ? EVP_aes_128_cbc() : nullptr, text,
                       passphrase ? static_cast<int>(std::strlen(passphrase)) : 0, nullptr, nullptr);
}

std::int64_t Certificate::not_after() const {
  std::tm time{};
  ASN1_TIME_to_tm(X509_get0_notAfter(x509()), &time);
  return ::timegm(&time);
}

TlsClient::TlsClient(const std::string& address, const Options& options)
    : client_(address, SOCK_STREAM), context_(SSL_CTX_new(TLS_client_method()), &SSL_CTX_free) {
  SSL_CTX_set_security_level(context_.get(), 0);  // so that the server, not the client, refuses
  SSL_CTX_set_min_proto_version(context_.get(), options.min_version);
  SSL_CTX_set_max_proto_version(context_.get(), options.max_version);
  if (options.ciphers) SSL_CTX_set_cipher_list(context_.get(), options.ciphers);
  if (options.certificate) {
    SSL_CTX_use_certificate(context_.get(), options.certificate->x509());
    SSL_CTX_use_PrivateKey(context_.get(), options.certificate->key());
  }
  ssl_.reset(SSL_new(context_.get()), &SSL_free);
  SSL_set_fd(ssl_.get(), client_.fd());
  if (!options.before.empty()) client_.Send(options.before);
  connected_ = SSL_connect(ssl_.get()) == 1;
}

void TlsClient::Send(std::string_view octets) {
  std::size_t sent = 0;
  ASSERT_EQ(SSL_write_ex(ssl_.get(), octets.data(), octets.size(), &sent), 1);
}

void TlsClient::Close() {
  SSL_shutdown(ssl_.get());
  client_.Close();
}

void TlsClient::Cut() { client_.Close(); }

bool TlsClient::got_ticket() const { return SSL_SESSION_has_ticket(SSL_get_session(ssl_.get())) == 1; }

}  // namespace cistern::testing
