// Sockets of targets: blocking for their thread, but each wait ends at its time and at once on Stop.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "ingest/message/result.h"
#include "ingest/net/socket_util.h"
#include "service/forward/resolve.h"
#include "service/forward/sink.h"

namespace cistern {

enum class Waited { kReady, kTimeout, kStopped };
// Until `fd` has one of `events` (of poll()), or an error. `stop` may be null.
Waited WaitFor(int fd, short events, std::chrono::steady_clock::time_point deadline, const Stop* stop);

// What to say of an error of a socket: `refused`, `no answer`, ...
std::string SocketErrorText(int error);

// Connected; the failure is that of the last address. kConnect, kStopped.
struct Connected {
  UniqueFd fd;
  SocketAddress address;
};
Result<Connected, Failure> ConnectTcp(std::span<const SocketAddress> addresses,
                                      std::chrono::steady_clock::time_point deadline, const Stop& stop);

// A connection. The sending side is what matters: what comes in is taken and forgotten.
// Belongs to one thread.
class ClientStream {
 public:
  ClientStream(Connected connected, std::string name)
      : fd_(std::move(connected.fd)), address_(connected.address), name_(std::move(name)) {}
  virtual ~ClientStream() = default;
  ClientStream(const ClientStream&) = delete;
  ClientStream& operator=(const ClientStream&) = delete;

  // Writes octets [written, size()); `timeout` is the longest wait for the other side to take more. May be
  // called again for the rest after kStopped; after another failure the connection is of no use.
  std::optional<Failure> Write(std::string_view octets, std::size_t& written,
                               std::chrono::nanoseconds timeout, const Stop* stop);
  // As much as it takes without waiting; awaited() are the events of poll() that it waits for, then.
  std::optional<Failure> WriteSome(std::string_view octets, std::size_t& written);
  short awaited() const { return awaited_; }
  // Takes what came in. kClosed: the other side ended the connection.
  std::optional<Failure> CheckPeer();
  // The other side took too long to take more.
  Failure Stalled() const;
  // Says that nothing more will come and waits for the other side to say so, too. A failure: it did not, or
  // the connection broke; then nobody knows what arrived.
  std::optional<Failure> Finish(std::chrono::steady_clock::time_point deadline);

  // The connection is given up when what was sent stays without an answer for so long.
  void SetUserTimeout(std::chrono::nanoseconds timeout);

  int fd() const { return fd_.get(); }
  const SocketAddress& address() const { return address_; }
  // For messages: as configured.
  const std::string& name() const { return name_; }

 protected:
  enum class Io { kDone, kWantRead, kWantWrite, kEnd, kFailed };
  // Without waiting. kDone: `octets` of them, at least one.
  virtual Io TryWrite(std::string_view octets, std::size_t& taken) = 0;
  virtual Io TryRead(std::span<char> buffer, std::size_t& got) = 0;
  virtual Io TryFinish() = 0;
  // After TryRead() has said kEnd: kEnd once the connection itself has ended.
  virtual Io TryEnd() = 0;

  // By kFailed: why.
  Io Fail(int error);
  Io Fail(FailureReason reason, std::string why);

 private:
  Failure Broken() const;

  const UniqueFd fd_;
  const SocketAddress address_;
  const std::string name_;
  short awaited_ = 0;
  FailureReason reason_ = FailureReason::kClosed;
  std::string why_;
};

// The octets as they are.
std::unique_ptr<ClientStream> PlainStream(Connected connected, std::string name);

}  // namespace cistern
