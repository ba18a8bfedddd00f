// HTTP for machines, or HTTPS: GET /metrics, /healthz, /readyz. Nothing else, no message content.
//
// /healthz: 200 while the process lives. /readyz: 200 while records are taken and stored, else 503 with the
// reason as text (disk full, draining).
// Threads: one of its own. Bounds: 64 connections, 8 KiB of request, 10 s for a request.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "ingest/message/result.h"
#include "ingest/net/listener_options.h"

namespace cistern {

// What somebody who asks for /metrics shows.
struct HttpCaller {
  std::vector<std::string> names;          // as NamesOfPeer(), of TLS
  std::vector<std::string> authorization;  // values of the header
  std::string peer;                        // address
  bool tls = false;
};
// 200, or what else it is answered, and why.
struct HttpVerdict {
  unsigned status = 200;
  std::string reason;
};

struct HttpHandlers {
  std::function<HttpVerdict(const HttpCaller&)> may_read_metrics;
  std::function<std::string()> metrics;           // text format 0.0.4
  std::function<std::string()> not_ready_reason;  // empty: ready
};

// Why a connection ended without an answer.
enum class HttpRefusal : std::uint8_t {
  kTls,         // the handshake failed
  kTooSlow,     // no whole request within 10 s
  kTooMany,     // made room for others
  kBadRequest,  // not HTTP, or larger than is taken
};
inline constexpr std::size_t kHttpRefusals = 4;
// As in metrics.
const char* HttpRefusalName(HttpRefusal refusal);
inline constexpr std::array kHttpStatuses = {200u, 401u, 403u, 404u, 405u, 503u};

struct HttpFigures {
  std::array<std::uint64_t, kHttpStatuses.size()> answered{};  // by kHttpStatuses
  std::array<std::uint64_t, kHttpRefusals> refused{};          // by HttpRefusal
  std::int64_t certificate_not_after = 0;                      // Unix seconds; 0: no TLS
  bool certificate_stale = false;                              // the newest pair cannot be used
};

class HttpServer {
 public:
  // `address` is HOST:PORT with a numeric host. With `tls` it speaks nothing else.
  static std::unique_ptr<HttpServer> Create(std::string address, std::optional<TlsOptions> tls,
                                            HttpHandlers handlers);
  virtual ~HttpServer() = default;  // stops
  // The error is one sentence with the address.
  virtual Result<void, std::string> Start() = 0;
  virtual std::string address() const = 0;
  // By any thread.
  virtual HttpFigures figures() const = 0;
};

}  // namespace cistern
