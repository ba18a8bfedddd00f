// One address of a syslog target on TCP or TLS.
#pragma once

#include <poll.h>

#include <chrono>
#include <memory>
#include <optional>
#include <string>

#include "service/forward/client_socket.h"
#include "service/forward/make_sink.h"
#include "service/forward/sink.h"

namespace cistern {

namespace v1 {
class SyslogTarget;
}

class SyslogMember {
 public:
  SyslogMember(HostPort where, const v1::SyslogTarget& target, const SinkContext& context)
      : where_(std::move(where)), target_(target), context_(context) {}

  // kLoop: it leads to this daemon.
  std::optional<Failure> Connect(const Stop& stop);
  bool connected() const { return stream_ != nullptr; }

  // Sends `octets`, which are as good as sent after kStopped: the rest follows with the next call of Send(),
  // Check() or Close(). After another failure it is not connected, and `written` says how far it came.
  std::optional<Failure> Send(std::string octets, std::size_t& written, const Stop& stop);
  // Likewise without waiting: it is busy, then, until Check() has sent the rest.
  std::optional<Failure> Start(std::string octets);
  bool busy() const { return stream_ && written_ < octets_.size(); }
  // Sends what was left over, as far as that goes without waiting, and looks whether the other side is still
  // there. kTimeout: it takes nothing.
  std::optional<Failure> Check();
  // While busy: what to wait for, and when that will have taken too long.
  pollfd awaited() const { return {stream_->fd(), stream_->awaited(), 0}; }
  std::chrono::steady_clock::time_point deadline() const;
  // It is connected for longer than a hung one would have been.
  bool proven() const;

  // Ends the connection in order. A failure: nobody knows what arrived.
  std::optional<Failure> Close(std::chrono::steady_clock::time_point deadline);

  // Gives Send() its memory again.
  std::string TakeBuffer();
  std::string name() const { return ToString(where_); }
  std::string endpoint() const { return stream_ ? stream_->address().ToString() : ""; }

 private:
  std::optional<Failure> Continue(const Stop* stop, std::chrono::nanoseconds timeout);
  std::optional<Failure> Broken(Failure failure);
  std::optional<Failure> Speak(Connected connected, std::chrono::steady_clock::time_point deadline,
                               const Stop& stop);

  const HostPort where_;
  const v1::SyslogTarget& target_;
  const SinkContext& context_;
  std::unique_ptr<ClientStream> stream_;
  std::string octets_;  // of them [0, written_) are sent
  std::size_t written_ = 0;
  std::chrono::steady_clock::time_point connected_at_{}, progress_at_{};
};

}  // namespace cistern
