#include "service/forward/syslog_datagram_sink.h"

#include <poll.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>

#include "cistern/v1/target.pb.h"
#include "proto/convert/utf8.h"
#include "service/forward/client_socket.h"

namespace cistern {
namespace {

using std::chrono::nanoseconds;
using std::chrono::steady_clock;

// Datagrams of one system call.
constexpr std::size_t kBatch = 64;
constexpr auto kNoBufferWait = std::chrono::milliseconds(5);

// At most kBatch datagrams. How many were sent; negative: an errno value.
int SendBatch(int fd, std::string_view octets, std::span<const std::size_t> ends, std::size_t begin) {
  std::array<iovec, kBatch> parts;
  std::array<mmsghdr, kBatch> messages{};
  const std::size_t count = ends.size();
  for (std::size_t i = 0; i < count; ++i) {
    parts[i] = {const_cast<char*>(octets.data()) + begin, ends[i] - begin};
    messages[i].msg_hdr.msg_iov = &parts[i];
    messages[i].msg_hdr.msg_iovlen = 1;
    begin = ends[i];
  }
  const int sent = sendmmsg(fd, messages.data(), static_cast<unsigned>(count), MSG_NOSIGNAL | MSG_DONTWAIT);
  return sent < 0 ? -errno : sent;
}

}  // namespace

SyslogDatagramSink::SyslogDatagramSink(const v1::Target& target, SinkContext context)
    : target_(target),
      context_(std::move(context)),
      balance_(target.syslog().group() == "balance"),
      messages_(target.syslog(), context_.store_id) {
  for (const std::string& address : target.syslog().addresses())
    members_.emplace_back().where = *ParseEndpoint(address);
}

Delivery SyslogDatagramSink::Deliver(const Chunk& chunk, const Stop& stop) {
  Delivery delivery;
  const auto member = [&] {
    const WithoutBatch wait(chunk);
    return Pick(stop);
  }();
  if (!member) delivery.failure = member.error();
  if (!member || !chunk.here()) return delivery;
  Render(chunk, 0);
  const WithoutBatch wait(chunk);
  delivery.failure = SendSlice(**member, delivery, stop);
  if (!delivery.failure) {
    (*member)->pause = nanoseconds(0);
  } else if (delivery.failure->reason != FailureReason::kStopped) {
    LeaveOut(**member);
    if (members_.size() > 1) delivery.failure->retry_after = std::chrono::milliseconds(1);
  }
  return delivery;
}

Result<SyslogDatagramSink::Member*, Failure> SyslogDatagramSink::Pick(const Stop& stop) {
  Failure failure{FailureReason::kConnect, "all addresses refused a short while ago"};
  for (std::size_t i = 0; i < members_.size(); ++i) {
    const std::size_t index = balance_ ? (next_ + i) % members_.size() : i;
    Member& member = members_[index];
    if (members_.size() > 1 && member.not_before > steady_clock::now()) continue;
    auto failed = member.fd.valid() ? std::nullopt : Open(member, stop);
    if (!failed) {
      next_ = index + 1;
      return &member;
    }
    failure = *failed;
    if (failure.reason == FailureReason::kStopped || failure.reason == FailureReason::kLoop) return failure;
    LeaveOut(member);
  }
  return failure;
}

std::optional<Failure> SyslogDatagramSink::Open(Member& member, const Stop& stop) {
  const auto deadline = steady_clock::now() + nanoseconds(target_.syslog().connect_timeout());
  const auto addresses = Resolve(member.where, deadline, stop);
  if (!addresses) return addresses.error();
  const SocketAddress& address = addresses->front();
  if (!IpAddress::Parse(member.where.host))
    context_.observe({"resolve " + member.where.host, address.ip().ToString()});
  if (context_.is_own_address("udp", address.ip().ToString(), address.port()))
    return Failure{FailureReason::kLoop, address.ToString() + " is this daemon: its records would come back"};
  UniqueFd fd(socket(address.storage.ss_family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!fd.valid() || connect(fd.get(), address.get(), address.size) != 0)
    return Failure{FailureReason::kConnect, "send to " + address.ToString() + ": " + SocketErrorText(errno)};
  member.fd = std::move(fd);
  member.address = address;
  member.announced = false;
  return std::nullopt;
}

void SyslogDatagramSink::LeaveOut(Member& member) {
  const nanoseconds initial(target_.retry().initial()), most(target_.retry().max());
  member.pause = std::clamp(member.pause * 2, std::min(initial, most), most);
  member.not_before = steady_clock::now() + member.pause;
  member.fd = UniqueFd();  // the name may lead elsewhere the next time
}

void SyslogDatagramSink::Render(const Chunk& chunk, std::size_t begin) {
  slice_.octets.clear();
  slice_.ends.clear();
  const std::size_t most = target_.syslog().max_datagram();
  for (const std::uint32_t row : chunk.rows.subspan(begin, std::min(kBatch, chunk.rows.size() - begin))) {
    const std::size_t start = slice_.octets.size();
    messages_.Append(chunk.view.Row(row), slice_.octets);
    slice_.octets.resize(start + CutUtf8(std::string_view(slice_.octets).substr(start), most));
    slice_.ends.push_back(slice_.octets.size());
  }
}

std::optional<Failure> SyslogDatagramSink::SendSlice(Member& member, Delivery& delivery, const Stop& stop) {
  auto until = steady_clock::now() + nanoseconds(target_.syslog().write_timeout());
  while (delivery.taken < slice_.ends.size()) {
    // The first one tells whether anybody listens, where an answer is as quick as on this machine.
    const std::size_t most = member.announced || delivery.taken > 0 ? kBatch : 1;
    const std::span<const std::size_t> left = std::span(slice_.ends).subspan(delivery.taken);
    const auto rest = left.first(std::min(most, left.size()));
    const int sent = SendBatch(member.fd.get(), slice_.octets, rest, delivery.bytes);
    if (sent > 0) {
      delivery.taken += static_cast<std::size_t>(sent);
      delivery.bytes = slice_.ends[delivery.taken - 1];
      until = steady_clock::now() + nanoseconds(target_.syslog().write_timeout());
    } else if (auto failure = WaitForRoom(member, -sent, until, stop)) {
      return failure;
    }
  }
  if (!std::exchange(member.announced, true))
    context_.observe(
        {"send to " + member.address.ToString(),
         std::to_string(delivery.bytes) + " octets went out; UDP tells nothing of their arrival"});
  return std::nullopt;
}

std::optional<Failure> SyslogDatagramSink::WaitForRoom(const Member& member, int error,
                                                       steady_clock::time_point until,
                                                       const Stop& stop) const {
  const std::string what = "send to " + member.address.ToString() + ": ";
  if (error == EINTR) return std::nullopt;
  if (error != EAGAIN && error != ENOBUFS)
    return Failure{error == ECONNREFUSED ? FailureReason::kConnect : FailureReason::kIo,
                   what + SocketErrorText(error)};
  const auto now = steady_clock::now();
  if (now >= until) return Failure{FailureReason::kTimeout, what + "no room for more"};
  // A full queue of the interface wakes nobody.
  const bool stopped = error == ENOBUFS ? stop.WaitUntil(now + kNoBufferWait)
                                        : WaitFor(member.fd.get(), POLLOUT, until, &stop) == Waited::kStopped;
  if (stopped) return Failure{FailureReason::kStopped, "stopped"};
  return std::nullopt;
}

void SyslogDatagramSink::Close(steady_clock::time_point) {
  for (Member& member : members_) member.fd = UniqueFd();
}

std::string SyslogDatagramSink::endpoint() const {
  std::string text;
  for (const Member& member : members_) {
    if (!member.fd.valid()) continue;
    text += (text.empty() ? "" : ", ") + member.address.ToString();
  }
  return text;
}

}  // namespace cistern
