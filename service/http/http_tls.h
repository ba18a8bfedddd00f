// TLS of the HTTP server: its certificates, and the names in those of clients.
#pragma once

#include <boost/asio/ssl/context.hpp>
#include <memory>
#include <string>
#include <vector>

#include "ingest/net/tls_context.h"

namespace cistern {

// The names (SAN) in the certificate that the client showed, as `dns:NAME`, `ip:ADDRESS`, `uri:URI`,
// `email:ADDRESS`. Empty: it showed none. Only verified ones get through the handshake.
std::vector<std::string> NamesOfClient(SSL* connection);

// The certificates in force. One thread.
class HttpTls {
 public:
  explicit HttpTls(TlsOptions options) : options_(std::move(options)) {}

  // The error is a clause that names the file.
  Result<void, std::string> Load();
  // For the next connection. Files that changed are read first; those that cannot be used are told in the
  // log, and the pair before stays.
  std::shared_ptr<boost::asio::ssl::context> Context();

 private:
  const TlsOptions options_;
  TlsFilesStamp stamp_;
  std::shared_ptr<boost::asio::ssl::context> context_;
};

}  // namespace cistern
