// One connection that came to the door: handshake, first octets, then both directions until either ends.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <chrono>
#include <memory>
#include <optional>
#include <span>
#include <string>

#include "ingest/net/socket_util.h"
#include "ingest/net/tls_session.h"
#include "service/door/door.h"
#include "service/door/http2_guard.h"

namespace cistern {

class Guest;

// What a guest needs of the door. All on the door's thread.
class DoorHost {
 public:
  virtual ~DoorHost() = default;
  // The mark of a connection whose client may go in.
  virtual std::string Admit(Visitor visitor) = 0;
  // gRPC's end of its pair.
  virtual void Introduce(int fd) = 0;
  virtual void Refused(DoorRefusal refusal, const Peer& peer, const std::string& why) = 0;
  // It is over; `mark` is empty if it was never admitted.
  virtual void Forget(Guest& guest, const std::string& mark) = 0;
  virtual CallCounts& calls() = 0;
  virtual const std::string& mark_name() const = 0;
  // Room for one read; its content is lost at the next co_await.
  virtual std::span<char> scratch() = 0;
};

// A non-blocking descriptor, with TLS or without.
class Wire {
 public:
  explicit Wire(boost::asio::io_context& io) : descriptor_(io) {}
  // False: the system has no room for one more; the descriptor is closed.
  bool Open(UniqueFd fd);
  bool StartTls(const TlsContext& context);

  StreamStatus Handshake() { return tls_->Handshake(); }
  StreamRead Read(std::span<char> buffer);
  // Below TLS, to throw away.
  StreamRead ReadRaw(std::span<char> buffer);
  // How much was taken, and what to wait for if that is not all.
  StreamRead Write(std::string_view octets);
  // Something is to be written: the time to take it runs from here, or from the last octet that was taken.
  void Begin() { last_taken_ = std::chrono::steady_clock::now(); }
  std::chrono::steady_clock::time_point last_taken() const { return last_taken_; }
  // What `status` asks to wait for. False: the descriptor is of no use any more.
  boost::asio::awaitable<bool> WaitFor(StreamStatus status);
  // Nothing more is written; says goodbye in TLS.
  void EndWriting();
  // Wakes whoever waits; nothing is read or written any more.
  void Cut();
  // Null: none.
  const TlsSession* tls() const { return tls_.get(); }

 private:
  StreamRead WriteRaw(std::string_view octets);

  boost::asio::posix::stream_descriptor descriptor_;
  std::unique_ptr<TlsSession> tls_;
  std::chrono::steady_clock::time_point last_taken_{};
};

class Guest : public std::enable_shared_from_this<Guest> {
 public:
  using Clock = std::chrono::steady_clock;

  Guest(boost::asio::io_context& io, DoorHost& host, Peer peer)
      : io_(io), host_(host), outer_(io), peer_(peer) {}

  // `tls` null: none. Call once, when owned by a shared_ptr. False: it is over already.
  bool Start(UniqueFd socket, std::shared_ptr<const TlsContext> tls);
  // Once a second.
  void Tick(Clock::time_point now);
  bool leaving() const { return leaving_; }
  // Through the handshake and its first octets.
  bool inside() const { return inside_; }
  // No call is under way and nothing on its way, so that nobody loses anything.
  bool idle() const { return (!guard_ || guard_->open_streams() == 0) && up_.empty() && down_.empty(); }
  // It takes nothing of what waits for it.
  bool stuck(Clock::time_point now) const;
  Clock::time_point last_active() const { return last_active_; }
  void MakeRoom();
  // At once, without a word.
  void Cut();

 private:
  static boost::asio::awaitable<void> Serve(std::shared_ptr<Guest> self,
                                            std::shared_ptr<const TlsContext> tls);
  static boost::asio::awaitable<void> Bring(std::shared_ptr<Guest> self);
  boost::asio::awaitable<bool> Handshake();
  boost::asio::awaitable<bool> Greet();
  boost::asio::awaitable<void> Fetch();
  boost::asio::awaitable<void> Discard();
  boost::asio::awaitable<bool> Flush(Wire& to, std::string& octets);
  // False: the connection is to end.
  bool TakeFromClient(std::size_t octets);
  bool OpenInner();
  void Refuse(DoorRefusal refusal, const std::string& why);
  bool IsFault() const;
  void End(Http2Abuse abuse);
  void Leave();

  boost::asio::io_context& io_;
  DoorHost& host_;
  Wire outer_;
  std::optional<Wire> inner_;  // our end of the pair; gRPC has the other
  const Peer peer_;
  std::optional<Http2Guard> guard_;
  std::optional<Http2Abuse> abuse_;
  std::string mark_;
  std::string up_, down_;  // to gRPC, to the client: what they did not take yet
  bool inside_ = false;    // gRPC has greeted
  bool left_ = false;      // the client has ended it
  bool leaving_ = false;   // what is still read from the client is thrown away
  int parts_ = 0;          // coroutines
  const Clock::time_point arrived_ = Clock::now();
  Clock::time_point last_active_ = arrived_, leave_by_{};
};

}  // namespace cistern
