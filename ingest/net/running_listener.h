// One configured listener with its sockets, and the plan of a reconfiguration.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "ingest/net/acceptor.h"
#include "ingest/net/datagram_receiver.h"
#include "ingest/net/net_server.h"
#include "ingest/net/stream_listener.h"
#include "ingest/net/tls_context.h"

namespace cistern {

inline bool IsDatagram(Transport transport) {
  return transport == Transport::kUdp || transport == Transport::kUnix;
}

struct RunningListener {
  ListenerOptions options;
  std::string address;             // as bound
  std::size_t receive_buffer = 0;  // granted
  // UDP and Unix.
  std::vector<std::unique_ptr<DatagramReceiver>> receivers;
  // TCP and TLS.
  std::shared_ptr<StreamListener> stream;
  std::shared_ptr<Acceptor> acceptor;
};

// Everything about a listener that can fail, done before anything is changed.
struct PreparedListener {
  ListenerOptions options;
  RunningListener* kept = nullptr;  // the running one that goes on with new options
  std::vector<UniqueFd> sockets;    // of a new one
  std::shared_ptr<const TlsContext> tls;
};

// The running listener with the same name, transport and address; null if none.
RunningListener* FindSame(std::vector<std::unique_ptr<RunningListener>>& running,
                          const ListenerOptions& options);

// Reads certificates and opens sockets. A socket that a running listener of another name has at the same
// address is taken over, not bound anew.
Result<PreparedListener, ListenError> Prepare(const ListenerOptions& options, bool v6_only,
                                              std::vector<std::unique_ptr<RunningListener>>& running);

// `listener "tcp": cannot listen on 127.0.0.1:514 (TCP): Address already in use`
ListenError DescribeBindError(const ListenerOptions& options, boost::system::error_code code);

}  // namespace cistern
