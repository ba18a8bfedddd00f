// HTTP for machines: GET /metrics, /healthz, /readyz. Nothing else, no message content.
//
// /healthz: 200 while the process lives. /readyz: 200 while records are taken and stored, else 503 with the
// reason as text (disk full, draining).
// Threads: one of its own. Bounds: 64 connections, 8 KiB of request, 10 s for a request.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "ingest/message/result.h"

namespace cistern {

struct HttpHandlers {
  std::function<std::string()> metrics;           // text format 0.0.4
  std::function<std::string()> not_ready_reason;  // empty: ready
};

class HttpServer {
 public:
  // `address` is HOST:PORT with a numeric host.
  static std::unique_ptr<HttpServer> Create(std::string address, HttpHandlers handlers);
  virtual ~HttpServer() = default;  // stops
  // The error is one sentence with the address.
  virtual Result<void, std::string> Start() = 0;
  virtual std::string address() const = 0;
};

}  // namespace cistern
