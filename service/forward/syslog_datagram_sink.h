// Syslog over UDP (RFC 5426): one message a datagram.
//
// Nothing is ever sent twice: what went out before a refusal is gone. An address that refuses is left out for
// a while; failover goes back to the first one after that.
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "ingest/net/socket_util.h"
#include "service/forward/make_sink.h"
#include "service/forward/resolve.h"
#include "service/forward/sink.h"
#include "service/forward/syslog_messages.h"

namespace cistern {

class SyslogDatagramSink final : public Sink {
 public:
  SyslogDatagramSink(const v1::Target& target, SinkContext context);

  Delivery Deliver(const Chunk& chunk, const Stop& stop) override;
  void Close(std::chrono::steady_clock::time_point deadline) override;
  std::string endpoint() const override;

 private:
  struct Member {
    HostPort where;
    UniqueFd fd;
    SocketAddress address;
    std::chrono::steady_clock::time_point not_before{};
    std::chrono::nanoseconds pause{0};  // the last one; 0: it works
    bool announced = false;             // for observers: something was sent
  };
  // Octets of datagrams one behind the other; row i of the chunk behind `begin` ends at ends[i].
  struct Slice {
    std::string octets;
    std::vector<std::size_t> ends;
  };

  std::optional<Failure> Open(Member& member, const Stop& stop);
  Result<Member*, Failure> Pick(const Stop& stop);
  void Render(const Chunk& chunk, std::size_t begin);
  std::optional<Failure> SendSlice(Member& member, Delivery& delivery, const Stop& stop);
  std::optional<Failure> WaitForRoom(const Member& member, int error,
                                     std::chrono::steady_clock::time_point until, const Stop& stop) const;
  void LeaveOut(Member& member);

  const v1::Target& target_;
  const SinkContext context_;
  const bool balance_;
  SyslogMessages messages_;
  std::vector<Member> members_;
  std::size_t next_ = 0;  // balance: whose turn it is
  Slice slice_;
};

}  // namespace cistern
