// One TCP or TLS connection: reads, cuts frames, parses, appends to its thread's batch.
//
// It owns a descriptor, a decoder and nothing else while it is idle. Threads: its IoThread.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "ingest/framing/frame_decoder.h"
#include "ingest/net/append.h"
#include "ingest/net/io_thread.h"
#include "ingest/net/proxy_reader.h"
#include "ingest/net/stream_listener.h"
#include "ingest/net/stream_result.h"
#include "ingest/net/stream_start.h"
#include "ingest/net/tls_session.h"

namespace cistern {

class Connection {
 public:
  using Clock = std::chrono::steady_clock;
  // What the connection needs before it can go on.
  enum class Next : std::uint8_t { kReadable, kWritable, kYield, kRest, kClosed };

  Connection(IoThread& thread, UniqueFd socket, std::shared_ptr<StreamListener> listener, Arrival arrival);

  // One step: part of the PROXY header or of the handshake, or one read with everything it completes.
  Next Advance();
  // Closes once what was sent has been read and nothing follows (at once when the thread is out of time).
  void RequestDrain();
  // Closes when one of its deadlines has passed.
  void CheckTimeouts(Clock::time_point now);

  // How often CheckTimeouts() must be called for its limits.
  std::chrono::milliseconds TickInterval() const;

  const StreamListener& listener() const { return *listener_; }
  boost::asio::posix::stream_descriptor& descriptor() { return descriptor_; }

 private:
  void TakeSettings();
  // Takes the settings in force if they are newer; close_ is set if they end the connection.
  void Refresh();
  Next ReadProxyHeader();
  Next JudgeProxyHeader(const ProxyHeader& header);
  Next TakeSender(const Peer& sender);
  Next RefuseProxy(std::string detail);
  Next RefuseUntrustedHeader();
  Next Handshake();
  Next JudgePlaintext();
  void Open();
  Next ReadOnce();
  StreamRead ReadStream(char* buffer, std::size_t size);
  Next AfterRead(StreamStatus status, std::size_t octets);
  std::uint64_t AppendFrames(std::string_view octets, bool ended);
  void AppendFrame(RecordBatch& batch, const Frame& frame, std::string_view input, std::int64_t received);
  const Origin& OriginIn(RecordBatch& batch);
  void RequestClose(CloseReason reason);
  Next Close(CloseReason reason);

  IoThread& thread_;
  const std::shared_ptr<StreamListener> listener_;
  std::shared_ptr<const StreamSettings> settings_;
  boost::asio::posix::stream_descriptor descriptor_;
  Peer peer_;                           // the sender, once it is known
  std::unique_ptr<ProxyReader> proxy_;  // while the header of a load balancer is awaited
  StreamStart start_;
  Origin origin_;  // its texts are in the batch with origin_serial_; its zone is owned by settings_
  std::uint64_t origin_serial_ = 0;
  FrameDecoder decoder_;
  std::unique_ptr<TlsSession> tls_;
  std::string identity_;  // empty: none verified
  std::string error_;     // detail for ConnectionClosed
  Clock::time_point last_octet_;
  Clock::time_point frame_begun_;
  Clock::time_point drain_begun_;
  std::uint64_t settings_version_ = 0;
  std::size_t drain_budget_;
  std::optional<CloseReason> close_;
  bool counted_ = true;       // peer_ is counted by the listener
  bool handshaking_ = false;  // not open yet
  bool draining_ = false;
};

// Serves until closed.
boost::asio::awaitable<void> RunConnection(std::shared_ptr<Connection> connection, IoThread& thread);

}  // namespace cistern
