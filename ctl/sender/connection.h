// One way to a receiver: UDP, TCP, TLS, Unix datagram or the daemon's Ingest call. Blocking.
//
// Threads: one at a time. Errors: error() is one line for the user. A connection that reset or closed stays
// failed; a datagram socket goes on. SIGPIPE must be ignored by the process (TLS writes through OpenSSL).
#pragma once

#include <cstddef>
#include <memory>
#include <string>

#include "ctl/sender/batch.h"
#include "ctl/sender/endpoint.h"

namespace cistern::ctl {

struct TlsOptions {
  std::string ca_file;    // empty: the system's authorities
  std::string cert_file;  // client certificate; empty: none
  std::string key_file;   // empty: in cert_file
  bool insecure = false;  // the server's certificate is not checked
};

class Connection {
 public:
  virtual ~Connection() = default;

  // Hands the messages to the kernel (Ingest: to the call) in order. Returns how many were taken; of a
  // stream that failed midway, those that were written whole.
  virtual std::size_t Send(const Batch& batch) = 0;
  // Ends the connection and waits until the receiver has read (Ingest: committed) everything. False when that
  // is not so. Call once.
  virtual bool Finish() = 0;

  // Nothing more can be sent.
  bool failed() const { return failed_; }
  // What went wrong last; empty when nothing did.
  const std::string& error() const { return error_; }

 protected:
  bool failed_ = false;
  std::string error_;
};

// Connects to UDP, TCP, TLS or a Unix datagram socket; null and `error` when that fails. Waits 10 s at most
// for each address of the host.
std::unique_ptr<Connection> OpenConnection(const Endpoint& endpoint, const TlsOptions& tls,
                                           std::string& error);

}  // namespace cistern::ctl
