#include "ingest/net/running_listener.h"

#include <algorithm>
#include <utility>

namespace cistern {
namespace {

bool SameSocket(const ListenerOptions& a, const ListenerOptions& b) {
  return IsDatagram(a.transport) == IsDatagram(b.transport) &&
         (a.transport == Transport::kUnix) == (b.transport == Transport::kUnix) && a.host == b.host &&
         a.port == b.port && a.unix_path == b.unix_path && a.sockets == b.sockets;
}

std::string Prefix(const ListenerOptions& options) { return "listener \"" + options.name + "\": "; }

ListenError ConfigurationError(const ListenerOptions& options, const std::string& text) {
  return {make_error_code(boost::system::errc::invalid_argument), Prefix(options) + text, true};
}

std::string AddressText(const ListenerOptions& options) {
  if (options.transport == Transport::kUnix) return options.unix_path;
  const bool v6 = options.host.find(':') != std::string::npos;
  return (v6 ? "[" + options.host + "]" : options.host) + ":" + std::to_string(options.port) +
         (options.transport == Transport::kUdp ? "/udp" : "/tcp");
}

int SocketOf(const RunningListener& listener, std::size_t index) {
  return listener.acceptor ? listener.acceptor->socket() : listener.receivers[index]->socket();
}

Result<UniqueFd> TakeOverOrOpen(const ListenerOptions& options, bool v6_only, std::size_t index,
                                const std::vector<std::unique_ptr<RunningListener>>& running) {
  for (const auto& listener : running) {
    const bool fixed = options.port != 0 || options.transport == Transport::kUnix;
    if (fixed && SameSocket(listener->options, options)) return Duplicate(SocketOf(*listener, index));
  }
  return OpenSocket(options, v6_only);
}

}  // namespace

RunningListener* FindSame(std::vector<std::unique_ptr<RunningListener>>& running,
                          const ListenerOptions& options) {
  const auto found = std::find_if(running.begin(), running.end(), [&](const auto& listener) {
    const ListenerOptions& known = listener->options;
    return known.name == options.name && known.transport == options.transport && known.host == options.host &&
           known.port == options.port && known.unix_path == options.unix_path;
  });
  return found == running.end() ? nullptr : found->get();
}

ListenError DescribeBindError(const ListenerOptions& options, boost::system::error_code code) {
  return {code, Prefix(options) + "cannot listen on " + AddressText(options) + ": " + code.message(), false};
}

Result<PreparedListener, ListenError> Prepare(const ListenerOptions& options, bool v6_only,
                                              std::vector<std::unique_ptr<RunningListener>>& running) {
  PreparedListener prepared;
  prepared.options = options;
  prepared.kept = FindSame(running, options);
  if (options.transport == Transport::kTls) {
    auto context = TlsContext::Load(options.tls);
    if (context.has_error()) return ConfigurationError(options, context.error());
    prepared.tls = *context;
  }
  if (prepared.kept) {
    if (prepared.kept->options.sockets != options.sockets)
      return ConfigurationError(options,
                                "the number of sockets cannot change while running; restart the daemon");
    return prepared;
  }
  const int count = options.transport == Transport::kUdp ? std::max(1, options.sockets) : 1;
  for (int i = 0; i < count; ++i) {
    ListenerOptions bound = options;
    // With the port left to the kernel, all sockets share the one that the first was given.
    if (i > 0 && options.port == 0) bound.port = BoundPort(prepared.sockets.front().get());
    auto socket = TakeOverOrOpen(bound, v6_only, i, running);
    if (socket.has_error()) return DescribeBindError(options, socket.error());
    prepared.sockets.push_back(std::move(*socket));
  }
  return prepared;
}

}  // namespace cistern
