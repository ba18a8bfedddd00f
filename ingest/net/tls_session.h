// The TLS side of one connection, over its non-blocking socket.
//
// Threads: one, that of its connection. An idle session holds no buffers.
#pragma once

#include <openssl/types.h>

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "ingest/net/stream_result.h"
#include "ingest/net/tls_context.h"

namespace cistern {

class TlsSession {
 public:
  // `fd` stays owned by the caller and outlives the session. Null when memory is short.
  static std::unique_ptr<TlsSession> Create(const TlsContext& context, int fd);

  StreamStatus Handshake();
  // Fills `buffer` with as many records as are there. kDone: it is full, more may be waiting inside the
  // session.
  StreamRead Read(char* buffer, std::size_t size);
  // Gives as much to the socket as it takes. kDone: all of it.
  StreamRead Write(const char* octets, std::size_t size);
  // Says goodbye if that is possible without waiting.
  void SendCloseNotify();

  // The first octet was printable text: a plain syslog sender on a TLS port.
  bool plaintext() const { return plaintext_; }
  // It was ended because the peer said much of TLS and nothing else.
  bool flooded() const { return flooded_; }
  // The peer has not said anything yet.
  bool silent() const { return !first_octet_seen_; }
  // Why it failed, in OpenSSL's words.
  const std::string& error() const { return error_; }
  // The verified peer's first DNS name, else URI, IP address or e-mail address among the alternative names,
  // else the common name; at most 255 octets. Empty without a verified certificate.
  std::string PeerIdentity() const;
  // All alternative names of the verified peer, as SubjectNames().
  std::vector<std::string> PeerNames() const;
  // What ALPN agreed on; empty: nothing.
  std::string ApplicationProtocol() const;

 private:
  struct Free {
    void operator()(SSL* ssl) const;
  };
  explicit TlsSession(SSL* ssl, int fd) : ssl_(ssl), fd_(fd) {}
  StreamStatus Judge(int result);
  static void OnMessage(int sent, int version, int type, const void* octets, std::size_t size, SSL* ssl,
                        void* session);

  std::unique_ptr<SSL, Free> ssl_;
  int fd_;
  bool first_octet_seen_ = false;
  bool plaintext_ = false;
  bool established_ = false;
  bool failed_ = false;
  bool flooded_ = false;
  int barren_ = 0;  // messages of TLS itself since the last data
  std::string error_;
};

}  // namespace cistern
