#include "ingest/net/tls_context.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <ctime>
#include <string_view>

namespace cistern {
namespace {

constexpr int kMaxChainDepth = 8;
// Octets of the peer's whole chain: an honest one has a few thousand.
constexpr long kMaxPeerChainOctets = 32 * 1024;
// Several TLS records in one read; freed while the connection is idle.
constexpr std::size_t kReadAheadOctets = 64 * 1024;

int RefusePassphrase(char*, int, int, void*) { return 0; }

std::string CannotRead(const std::string& file) {
  return "cannot read " + file + ": " + std::strerror(errno);
}

bool Readable(const std::string& file) { return ::access(file.c_str(), R_OK) == 0; }

// The first error is the cause; later ones name the callers.
bool CauseIs(int library, int reason) {
  const unsigned long code = ERR_peek_error();
  return ERR_GET_LIB(code) == library && ERR_GET_REASON(code) == reason;
}

std::string LoadCertificate(SSL_CTX* context, const std::string& file) {
  if (!Readable(file)) return CannotRead(file);
  if (SSL_CTX_use_certificate_chain_file(context, file.c_str()) == 1) return "";
  const char* reason = ERR_reason_error_string(ERR_peek_error());
  if (CauseIs(ERR_LIB_PEM, PEM_R_NO_START_LINE)) return file + " holds no PEM certificate";
  return file + " is not a usable certificate" + (reason ? std::string(": ") + reason : "");
}

std::string LoadKey(SSL_CTX* context, const TlsOptions& options) {
  const std::string& file = options.key_file;
  ERR_clear_error();
  if (!Readable(file)) return CannotRead(file);
  const std::unique_ptr<BIO, decltype(&BIO_free)> bio(BIO_new_file(file.c_str(), "r"), &BIO_free);
  if (!bio) return CannotRead(file);
  const std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> key(
      PEM_read_bio_PrivateKey(bio.get(), nullptr, &RefusePassphrase, nullptr), &EVP_PKEY_free);
  if (!key && CauseIs(ERR_LIB_PEM, PEM_R_NO_START_LINE)) return file + " holds no PEM private key";
  if (!key) return file + " is not a usable private key (encrypted keys are not supported)";
  if (SSL_CTX_use_PrivateKey(context, key.get()) != 1 || SSL_CTX_check_private_key(context) != 1)
    return file + " does not match " + options.cert_file;
  return "";
}

std::string LoadClientCa(SSL_CTX* context, const TlsOptions& options) {
  const std::string& file = options.client_ca_file;
  if (file.empty()) {
    if (options.client_auth == ClientAuth::kNone) return "";
    return "client_ca_file is needed to verify client certificates";
  }
  if (!Readable(file)) return CannotRead(file);
  if (SSL_CTX_load_verify_locations(context, file.c_str(), nullptr) != 1)
    return file + " holds no usable PEM certificate";
  if (STACK_OF(X509_NAME)* names = SSL_load_client_CA_file(file.c_str()))
    SSL_CTX_set_client_CA_list(context, names);
  return "";
}

void SetClientAuth(SSL_CTX* context, ClientAuth auth) {
  int mode = SSL_VERIFY_NONE;
  if (auth != ClientAuth::kNone) mode = SSL_VERIFY_PEER;
  if (auth == ClientAuth::kRequired) mode |= SSL_VERIFY_FAIL_IF_NO_PEER_CERT;
  SSL_CTX_set_verify(context, mode, nullptr);
  SSL_CTX_set_verify_depth(context, kMaxChainDepth);
  SSL_CTX_set_max_cert_list(context, kMaxPeerChainOctets);
}

void SetProtocol(SSL_CTX* context) {
  SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
  SSL_CTX_set_cipher_list(context, "ECDHE+AESGCM:ECDHE+CHACHA20");
  SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_TICKET | SSL_OP_NO_COMPRESSION |
                                   SSL_OP_CIPHER_SERVER_PREFERENCE);
  SSL_CTX_set_num_tickets(context, 0);
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS);
  SSL_CTX_set_read_ahead(context, 1);
  SSL_CTX_set_default_read_buffer_len(context, kReadAheadOctets);
}

// A client that names protocols, but not this one, is refused.
int SelectProtocol(SSL*, const unsigned char** out, unsigned char* out_size, const unsigned char* in,
                   unsigned in_size, void* context) {
  const auto& wanted = *static_cast<const std::string*>(context);
  for (unsigned at = 0; at < in_size && at + 1 + in[at] <= in_size; at += 1 + in[at]) {
    if (std::string_view(reinterpret_cast<const char*>(in + at + 1), in[at]) != wanted) continue;
    *out = in + at + 1;
    *out_size = in[at];
    return SSL_TLSEXT_ERR_OK;
  }
  return SSL_TLSEXT_ERR_ALERT_FATAL;
}

std::int64_t NotAfter(SSL_CTX* context) {
  const X509* certificate = SSL_CTX_get0_certificate(context);
  std::tm time{};
  if (!certificate || ASN1_TIME_to_tm(X509_get0_notAfter(certificate), &time) != 1) return 0;
  return ::timegm(&time);
}

TlsFilesStamp::File StampOf(const std::string& file) {
  struct stat info;
  if (file.empty() || ::stat(file.c_str(), &info) != 0) return {};
  const auto nanoseconds = [](const timespec& time) { return time.tv_sec * 1'000'000'000LL + time.tv_nsec; };
  return {info.st_dev, info.st_ino, static_cast<std::uint64_t>(info.st_size), nanoseconds(info.st_mtim),
          nanoseconds(info.st_ctim)};
}

}  // namespace

void TlsContext::Free::operator()(SSL_CTX* context) const { SSL_CTX_free(context); }

Result<std::shared_ptr<const TlsContext>, std::string> TlsContext::Load(const TlsOptions& options) {
  if (options.cert_file.empty()) return std::string("cert_file is missing");
  if (options.key_file.empty()) return std::string("key_file is missing");
  auto loaded = std::make_shared<TlsContext>();
  loaded->context_.reset(SSL_CTX_new(TLS_server_method()));
  SSL_CTX* context = loaded->get();
  if (!context) return std::string("OpenSSL cannot be initialised");

  ERR_clear_error();
  std::string error = LoadCertificate(context, options.cert_file);
  if (error.empty()) error = LoadKey(context, options);
  if (error.empty()) error = LoadClientCa(context, options);
  ERR_clear_error();
  if (!error.empty()) return error;

  SetProtocol(context);
  SetClientAuth(context, options.client_auth);
  loaded->application_protocol_ = options.application_protocol;
  if (!options.application_protocol.empty())
    SSL_CTX_set_alpn_select_cb(context, &SelectProtocol, &loaded->application_protocol_);
  loaded->not_after_ = NotAfter(context);
  return std::shared_ptr<const TlsContext>(std::move(loaded));
}

TlsFilesStamp TlsFilesStamp::Of(const TlsOptions& options) {
  return {{StampOf(options.cert_file), StampOf(options.key_file), StampOf(options.client_ca_file)}};
}

}  // namespace cistern
