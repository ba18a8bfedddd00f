#include "service/forward/tls_client_context.h"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

#include "cistern/v1/target.pb.h"
#include "ingest/message/ip_address.h"

namespace cistern {
namespace {

int RefusePassphrase(char*, int, int, void*) { return 0; }

// Empty: it can be read.
std::string Unreadable(const std::string& file) {
  if (access(file.c_str(), R_OK) == 0) return "";
  return "cannot read " + file + ": " + std::generic_category().message(errno);
}

std::string LoadAuthorities(SSL_CTX* context, const std::string& file) {
  if (file.empty()) {
    SSL_CTX_set_default_verify_paths(context);
    return "";
  }
  if (std::string error = Unreadable(file); !error.empty()) return error;
  if (SSL_CTX_load_verify_locations(context, file.c_str(), nullptr) == 1) return "";
  return file + " holds no usable PEM certificate";
}

std::string LoadCertificate(SSL_CTX* context, const v1::TlsClientConfig& config) {
  if (config.cert_file().empty()) return "";
  for (const std::string& file : {config.cert_file(), config.key_file()})
    if (std::string error = Unreadable(file); !error.empty()) return error;
  SSL_CTX_set_default_passwd_cb(context, &RefusePassphrase);
  if (SSL_CTX_use_certificate_chain_file(context, config.cert_file().c_str()) != 1)
    return config.cert_file() + " holds no usable PEM certificate";
  if (SSL_CTX_use_PrivateKey_file(context, config.key_file().c_str(), SSL_FILETYPE_PEM) == 1 &&
      SSL_CTX_check_private_key(context) == 1)
    return "";
  if (ERR_GET_LIB(ERR_peek_error()) == ERR_LIB_X509)
    return config.key_file() + " does not match " + config.cert_file();
  return config.key_file() + " holds no usable PEM private key (encrypted keys are not supported)";
}

}  // namespace

void TlsClientContext::Free::operator()(SSL_CTX* context) const { SSL_CTX_free(context); }

Result<TlsClientContext, std::string> TlsClientContext::Load(const v1::TlsClientConfig& config) {
  TlsClientContext loaded;
  loaded.context_.reset(SSL_CTX_new(TLS_client_method()));
  SSL_CTX* context = loaded.get();
  if (!context) return std::string("OpenSSL cannot be initialised");
  SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
  SSL_CTX_set_cipher_list(context, "ECDHE+AESGCM:ECDHE+CHACHA20");
  SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  SSL_CTX_set_verify(context, config.verify() == "none" ? SSL_VERIFY_NONE : SSL_VERIFY_PEER, nullptr);

  ERR_clear_error();
  std::string error;
  if (config.verify() != "none") error = LoadAuthorities(context, config.ca_file());
  if (error.empty()) error = LoadCertificate(context, config);
  ERR_clear_error();
  if (!error.empty()) return error;
  return loaded;
}

bool TlsClientContext::SetName(SSL* ssl, const std::string& name, bool check) {
  if (const auto address = IpAddress::Parse(name))
    return !check || X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), address->ToString().c_str()) == 1;
  if (SSL_set_tlsext_host_name(ssl, name.c_str()) != 1) return false;
  if (!check) return true;
  SSL_set_hostflags(ssl, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
  return SSL_set1_host(ssl, name.c_str()) == 1;
}

}  // namespace cistern
