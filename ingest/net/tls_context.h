// A loaded certificate pair with the rules of a TLS listener: TLS 1.2 and 1.3, ECDHE with AEAD ciphers, no
// renegotiation, no tickets, no compression, chains of at most 8 certificates.
#pragma once

#include <openssl/types.h>

#include <array>
#include <cstdint>
#include <memory>
#include <string>

#include "ingest/message/result.h"
#include "ingest/net/listener_options.h"

namespace cistern {

// Immutable; shared by threads. A handshake keeps the context it began with, and is over before it goes.
class TlsContext {
 public:
  // Reads and checks the files. The error is one clause that names the file: `server.key does not match
  // server.crt`. An encrypted key is refused: nobody is there to type a passphrase.
  static Result<std::shared_ptr<const TlsContext>, std::string> Load(const TlsOptions& options);

  SSL_CTX* get() const { return context_.get(); }
  // Unix seconds until which the server certificate is valid.
  std::int64_t not_after() const { return not_after_; }

 private:
  struct Free {
    void operator()(SSL_CTX* context) const;
  };
  std::string application_protocol_;  // the context below points to it
  std::unique_ptr<SSL_CTX, Free> context_;
  std::int64_t not_after_ = 0;
};

// What identifies the content of the three files without reading them. A swapped symlink changes it as well.
struct TlsFilesStamp {
  struct File {
    std::uint64_t device = 0, inode = 0, size = 0;
    std::int64_t modified_ns = 0, changed_ns = 0;
    bool operator==(const File&) const = default;
  };
  std::array<File, 3> files;
  bool operator==(const TlsFilesStamp&) const = default;
  static TlsFilesStamp Of(const TlsOptions& options);
};

}  // namespace cistern
