// Accepts the connections of one listening socket and gives each to the least loaded I/O thread.
//
// Limits are checked here; a refused connection is closed at once and reported. When the process is out of
// descriptors, a reserve is given up for a moment so that waiting peers are told (closed) instead of left
// hanging, and accepting pauses. Threads: Start and Close from any thread; all else on the context given to
// the constructor.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <memory>
#include <string>
#include <vector>

#include "ingest/net/io_thread.h"
#include "ingest/net/stream_listener.h"

namespace cistern {

class Acceptor : public std::enable_shared_from_this<Acceptor> {
 public:
  // `threads` outlive it; it runs on `home`, one of them. `socket` listens.
  Acceptor(UniqueFd socket, std::shared_ptr<StreamListener> listener, IoThread& home,
           std::vector<std::shared_ptr<IoThread>> threads, IngestEvents& events);

  void Start();
  // Accepts what the kernel has already established, then closes the socket. Returns when that is done.
  void Close();
  // Of the listening socket.
  int socket() const { return socket_; }

 private:
  enum class Outcome : std::uint8_t { kNone, kAccepted, kExhausted, kFailed };
  static boost::asio::awaitable<void> Run(std::shared_ptr<Acceptor> self);
  Outcome AcceptOne();
  void Place(UniqueFd connection, Peer peer);
  void RefuseWithReserve();
  void Refuse(Peer peer, CloseReason reason);

  const std::shared_ptr<StreamListener> listener_;
  IoThread& home_;
  const std::vector<std::shared_ptr<IoThread>> threads_;
  IngestEvents& events_;
  const int socket_;
  boost::asio::posix::stream_descriptor descriptor_;
  boost::asio::steady_timer pause_;
  UniqueFd reserve_;
  bool closed_ = false;
};

}  // namespace cistern
