// Files and rules of the client's side of TLS: TLS 1.2 and 1.3, ECDHE with AEAD ciphers, no renegotiation.
#pragma once

#include <openssl/types.h>

#include <memory>
#include <string>

#include "ingest/message/result.h"

namespace cistern {

namespace v1 {
class TlsClientConfig;
}

class TlsClientContext {
 public:
  // Reads the files; the error is a clause that names the file.
  static Result<TlsClientContext, std::string> Load(const v1::TlsClientConfig& config);
  // Says to the server which name is wanted and, with `check`, refuses certificates for other ones.
  // `name` may be an IP address.
  static bool SetName(SSL* ssl, const std::string& name, bool check);

  SSL_CTX* get() const { return context_.get(); }

 private:
  struct Free {
    void operator()(SSL_CTX* context) const;
  };
  std::unique_ptr<SSL_CTX, Free> context_;
};

}  // namespace cistern
