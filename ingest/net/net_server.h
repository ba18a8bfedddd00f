// All listeners of the daemon and the threads that serve them.
//
// Threads: one receive thread per UDP or Unix socket plus its parse thread (order per source is kept), and
// `io_threads` threads with an io_context each for TCP and TLS; an accepted connection goes to the least
// loaded one. A stalled peer delays only itself.
// Start and stop: Start() once; Reconfigure() any number of times; StopAccepting(), then Drain(); destructor.
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "ingest/message/result.h"
#include "ingest/net/listener_options.h"
#include "ingest/net/sink.h"

namespace cistern {

// Why a listener cannot be opened: an error code and one sentence for the operator, with name and address.
struct ListenError {
  boost::system::error_code code;
  std::string message;         // e.g. `listener "tls": server.key does not match server.crt`
  bool configuration = false;  // the operator's file is wrong (exit 78), else the system refused (exit 69)
};

struct ListenerStatus {
  std::string name;
  Transport transport;
  std::string address;             // as bound, with the real port: "127.0.0.1:5140", "[::1]:5140" or a path
  std::size_t receive_buffer = 0;  // octets granted by the kernel (UDP, Unix); 0 otherwise
  int connections = 0;             // open now (TCP, TLS)
  std::uint64_t kernel_drops = 0;
  std::int64_t certificate_not_after = 0;  // Unix seconds; 0 when no TLS
  std::uint64_t denied = 0;                // datagrams or connections of senders it does not allow
  std::uint64_t proxy_refused = 0;         // connections refused for their PROXY header (TCP, TLS)
};

class NetServer {
 public:
  struct Options {
    int io_threads = 2;
    std::shared_ptr<const ZoneTable> zones;                      // null: UTC
    std::chrono::milliseconds certificate_check_interval{1000};  // files are compared this often
  };

  // `sink` and `events` outlive the server.
  static std::unique_ptr<NetServer> Create(Options options, BatchSink& sink, IngestEvents& events);
  virtual ~NetServer() = default;

  // Binds every listener and starts receiving. All or none: on error nothing stays open.
  virtual Result<void, ListenError> Start(std::vector<ListenerOptions> listeners) = 0;
  // Makes the running listeners equal `listeners`: those with the same name, transport and address keep
  // their sockets and connections and take the new limits; certificates are read again. All or none.
  virtual Result<void, ListenError> Reconfigure(std::vector<ListenerOptions> listeners,
                                                std::shared_ptr<const ZoneTable> zones) = 0;
  // Closes the listening sockets. Established connections go on being read.
  virtual void StopAccepting() = 0;
  // Reads what the kernel already holds, at most until `deadline`, closes every connection, pushes every
  // batch and joins the threads.
  virtual void Drain(std::chrono::steady_clock::time_point deadline) = 0;
  virtual std::vector<ListenerStatus> Status() const = 0;
};

}  // namespace cistern
