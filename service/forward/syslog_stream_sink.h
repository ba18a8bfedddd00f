// Syslog over TCP and TLS, to one address or a group.
//
// Failover: one connection, to the first address that answers. Balance: a connection to each; what is sent at
// once goes to the next of them that takes it, and an address that fails is left out for a while, its window
// going to the others. A slow one delays nobody but holds up to 256 KiB in memory.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "service/forward/make_sink.h"
#include "service/forward/resend_window.h"
#include "service/forward/sink.h"
#include "service/forward/syslog_member.h"
#include "service/forward/syslog_messages.h"

namespace cistern {

class SyslogStreamSink final : public Sink {
 public:
  SyslogStreamSink(const v1::Target& target, SinkContext context);

  Delivery Deliver(const Chunk& chunk, const Stop& stop) override;
  std::optional<Failure> Idle(const Stop& stop) override;
  std::chrono::steady_clock::time_point NextIdle() const override;
  std::optional<RecordId> ResumeBehind() const override { return window_.ResumeBehind(); }
  std::string SaveState() const override;
  void Close(std::chrono::steady_clock::time_point deadline) override;
  std::string endpoint() const override;

 private:
  struct Member {
    std::unique_ptr<SyslogMember> link;
    std::chrono::steady_clock::time_point not_before{};
    std::chrono::nanoseconds pause{0};  // the last one; 0: it works
    bool announced = false;             // for observers: something was sent
  };
  // Rows [begin, end) of a chunk, rendered. The octets of row begin + i end at ends[i].
  struct Slice {
    std::size_t begin = 0, end = 0;
    std::uint64_t first = 0, last = 0;  // ids
    std::vector<std::size_t> ends;
    std::string octets;
  };

  Result<std::size_t, Failure> Pick(const Stop& stop);
  Result<std::size_t, Failure> PickOf(std::size_t first, std::size_t count, bool& busy, const Stop& stop);
  Result<std::size_t, Failure> Ready(std::size_t index, const Stop& stop);
  std::size_t SkipHeld(const Chunk& chunk, std::size_t row) const;
  void Render(const Chunk& chunk, std::size_t begin);
  std::optional<Failure> SendSlice(std::size_t index, Delivery& delivery, const Stop& stop);
  std::optional<Failure> Announce(std::size_t index, std::uint64_t bytes);
  std::optional<Failure> End(std::size_t index, std::chrono::steady_clock::time_point deadline);
  Failure Broken(std::size_t index, Failure failure);
  void LeaveOut(std::size_t index, const Failure& failure);
  std::optional<Failure> Check();
  std::optional<Failure> AwaitRoom(const Stop& stop);

  const v1::Target& target_;
  const SinkContext context_;
  const bool balance_;
  const std::size_t slice_bytes_;
  SyslogMessages messages_;
  std::vector<Member> members_;
  std::size_t next_ = 0;  // balance: whose turn it is
  ResendWindow window_;
  Slice slice_;
};

}  // namespace cistern
