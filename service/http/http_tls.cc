#include "service/http/http_tls.h"

#include <openssl/ssl.h>
#include <spdlog/spdlog.h>

#include "ingest/net/subject_names.h"

namespace cistern {

std::vector<std::string> NamesOfClient(SSL* connection) {
  const std::unique_ptr<X509, decltype(&X509_free)> certificate(SSL_get1_peer_certificate(connection),
                                                                &X509_free);
  if (!certificate || SSL_get_verify_result(connection) != X509_V_OK) return {};
  return SubjectNames(certificate.get());
}

Result<void, std::string> HttpTls::Load() {
  stamp_ = TlsFilesStamp::Of(options_);
  const auto loaded = TlsContext::Load(options_);
  if (!loaded) return loaded.error();
  SSL_CTX* native = (*loaded)->get();
  SSL_CTX_up_ref(native);  // the context below gives it back
  context_ = std::make_shared<boost::asio::ssl::context>(native);
  return {};
}

std::shared_ptr<boost::asio::ssl::context> HttpTls::Context() {
  if (TlsFilesStamp::Of(options_) == stamp_) return context_;
  const auto loaded = Load();
  if (loaded) {
    spdlog::info("http.tls: a new certificate is in use");
  } else {
    spdlog::error("http.tls: the new files are not used: {}", loaded.error());
  }
  return context_;
}

}  // namespace cistern
