#include "ingest/net/connection.h"

#include <sys/socket.h>

#include <algorithm>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <cerrno>
#include <cstring>
#include <utility>

#include "ingest/message/wall_time.h"
#include "ingest/parse/parser.h"

namespace cistern {
namespace asio = boost::asio;
namespace {

constexpr auto kAsTuple = asio::as_tuple(asio::use_awaitable);
// One read. It goes straight into the batch's memory, and complete frames stay where they are.
constexpr std::size_t kReadOctets = 64 * 1024;
// A sender that never stops cannot hold up a drain: this exceeds what a socket buffer holds.
constexpr std::size_t kDrainBudget = 16 * 1024 * 1024;

// Timeouts are exact to a quarter, or to a second where they are long.
constexpr int kTicksPerTimeout = 4;
constexpr std::chrono::milliseconds kShortestTick{5};
constexpr std::chrono::milliseconds kLongestTick{1000};

// A drain waits for octets that are still on their way: a sender's small writes are held back (Nagle) until
// the delayed acknowledgement of the one before, 40 ms.
constexpr std::chrono::milliseconds kDrainQuiet{60};
// A sender that trickles cannot hold it up either.
constexpr std::chrono::milliseconds kDrainLongest{1000};

bool Holds(std::string_view whole, std::string_view part) {
  return part.data() >= whole.data() && part.data() + part.size() <= whole.data() + whole.size();
}

}  // namespace

Connection::Connection(IoThread& thread, UniqueFd socket, std::shared_ptr<StreamListener> listener,
                       Arrival arrival)
    : thread_(thread),
      listener_(std::move(listener)),
      descriptor_(thread.context()),
      peer_(arrival.peer),
      decoder_(listener_->settings()->options.framing),
      last_octet_(Clock::now()),
      frame_begun_(last_octet_),
      drain_budget_(kDrainBudget),
      counted_(!arrival.awaits_header) {
  origin_.transport = listener_->transport();
  TakeSettings();
  boost::system::error_code ec;
  const int fd = socket.get();
  descriptor_.assign(fd, ec);
  if (ec) {
    close_ = CloseReason::kReadError;
    error_ = ec.message();
    return;
  }
  socket.release();
  handshaking_ = true;
  if (arrival.awaits_header) proxy_ = std::make_unique<ProxyReader>();
  if (const auto context = listener_->tls()) {
    tls_ = TlsSession::Create(*context, fd);
    if (!tls_) close_ = CloseReason::kHandshakeFailed;
  } else if (!proxy_) {
    Open();
  }
}

void Connection::TakeSettings() {
  settings_version_ = listener_->version();
  settings_ = listener_->settings();
  origin_.peer = peer_.address;
  origin_.port = peer_.port;
  origin_.zone = settings_->zones->Find(peer_.address, settings_->options.zone.get());
  if (counted_ && !settings_->options.senders.Allows(peer_.address)) close_ = CloseReason::kDenied;
}

void Connection::Refresh() {
  if (!close_ && settings_version_ != listener_->version()) TakeSettings();
}

Connection::Next Connection::Advance() {
  Refresh();
  if (close_) return Close(*close_);
  if (draining_ && (handshaking_ || thread_.out_of_time())) return Close(CloseReason::kDraining);
  if (proxy_) return ReadProxyHeader();
  return handshaking_ ? Handshake() : ReadOnce();
}

Connection::Next Connection::ReadOnce() {
  Arena& arena = thread_.batch().arena();
  char* buffer = arena.Allocate(kReadOctets);
  const StreamRead read = ReadStream(buffer, kReadOctets);
  Refresh();
  if (close_) {  // what came after the change is not taken any more
    arena.Shrink(buffer, kReadOctets, 0);
    return Close(*close_);
  }
  if (start_.IsProxyHeader({buffer, read.octets})) {
    arena.Shrink(buffer, kReadOctets, 0);
    return RefuseUntrustedHeader();
  }
  arena.Shrink(buffer, kReadOctets, read.octets);
  if (read.octets > 0) {
    const std::size_t before = thread_.batch().size();
    const std::uint64_t messages = AppendFrames({buffer, read.octets}, false);
    if (thread_.batch().size() == before) arena.Shrink(buffer, read.octets, 0);
    thread_.events().Received(listener_->transport(), messages, read.octets);
    last_octet_ = Clock::now();
    if (messages > 0 || !decoder_.in_frame()) frame_begun_ = last_octet_;
    thread_.BatchChanged(read.octets);
  }
  return AfterRead(read.status, read.octets);
}

StreamRead Connection::ReadStream(char* buffer, std::size_t size) {
  if (tls_) return tls_->Read(buffer, size);
  const ssize_t octets = ::recv(descriptor_.native_handle(), buffer, size, MSG_DONTWAIT);
  if (octets > 0) return {StreamStatus::kDone, static_cast<std::size_t>(octets)};
  if (octets == 0) return {StreamStatus::kEnd};
  if (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR) return {StreamStatus::kWantRead};
  error_ = std::strerror(errno);
  return {StreamStatus::kFailed};
}

Connection::Next Connection::AfterRead(StreamStatus status, std::size_t octets) {
  if (decoder_.failed()) return Close(CloseReason::kFramingLost);
  if (status == StreamStatus::kEnd) return Close(CloseReason::kPeerClosed);
  if (status == StreamStatus::kFailed) return Close(CloseReason::kReadError);
  if (draining_) {
    drain_budget_ -= std::min(drain_budget_, octets);
    if (drain_budget_ == 0) return Close(CloseReason::kDraining);
  }
  if (status == StreamStatus::kWantWrite) return Next::kWritable;
  if (octets == 0 || draining_) return Next::kReadable;
  // A full buffer hints at more.
  return octets == kReadOctets ? Next::kYield : Next::kRest;
}

// Appends what `octets` complete, or with `ended` the unfinished rest. Returns the number of messages.
std::uint64_t Connection::AppendFrames(std::string_view octets, bool ended) {
  RecordBatch& batch = thread_.batch();
  const std::int64_t received = WallTime();
  std::uint64_t messages = 0;
  std::uint64_t empty = 0;
  if (!ended) decoder_.Feed(octets);
  while (const auto frame = ended ? decoder_.Finish() : decoder_.Next()) {
    ++messages;
    if (IsBlank(frame->octets)) {
      ++empty;
    } else {
      AppendFrame(batch, *frame, octets, received);
    }
  }
  if (empty > 0) thread_.events().Dropped(DropReason::kEmpty, empty);
  return messages;
}

void Connection::AppendFrame(RecordBatch& batch, const Frame& frame, std::string_view input,
                             std::int64_t received) {
  const bool in_arena = Holds(input, frame.octets);
  const std::string_view octets = in_arena ? frame.octets : batch.arena().Copy(frame.octets);
  Record& record = AppendUnparsed(batch, octets, OriginIn(batch), received);
  record.frame_kind = frame.counted ? FrameKind::kOctetCounting : FrameKind::kLine;
  if (frame.truncated) record.flags |= kFlagTruncated;
  if (frame.partial) record.flags |= kFlagPartialFrame;
  ParseMessage(octets, {.received = received, .zone = origin_.zone}, record);
}

// Copies the texts once per batch and connection. Not RecordBatch::Intern: it goes by address, and a later
// connection's identity may lie where this one's was.
const Origin& Connection::OriginIn(RecordBatch& batch) {
  if (origin_serial_ == thread_.batch_serial()) return origin_;
  origin_serial_ = thread_.batch_serial();
  origin_.listener = batch.arena().Copy(listener_->name());
  origin_.tls_identity = batch.arena().Copy(identity_);
  return origin_;
}

void Connection::RequestClose(CloseReason reason) {
  if (!close_) close_ = reason;
  descriptor_.cancel();
}

void Connection::RequestDrain() {
  if (!draining_) drain_begun_ = Clock::now();
  draining_ = true;
  descriptor_.cancel();
}

std::chrono::milliseconds Connection::TickInterval() const {
  if (draining_) return kShortestTick;
  const ListenerOptions& options = settings_->options;
  std::chrono::milliseconds shortest = kLongestTick * kTicksPerTimeout;
  for (const auto timeout :
       {options.idle_timeout, options.partial_frame_timeout, options.tls.handshake_timeout}) {
    if (timeout.count() > 0) shortest = std::min(shortest, timeout);
  }
  return std::max(shortest / kTicksPerTimeout, kShortestTick);
}

void Connection::CheckTimeouts(Clock::time_point now) {
  const ListenerOptions& options = settings_->options;
  const auto passed = [&](Clock::time_point since, std::chrono::milliseconds limit) {
    return limit.count() > 0 && now - std::max(since, thread_.resumed_at()) >= limit;
  };
  if (draining_) {
    if (passed(std::max(last_octet_, drain_begun_), kDrainQuiet) || passed(drain_begun_, kDrainLongest))
      RequestClose(CloseReason::kDraining);
  } else if (handshaking_) {
    if (!passed(last_octet_, options.tls.handshake_timeout)) return;
    if (proxy_) error_ = "its PROXY header is not whole";
    RequestClose(CloseReason::kHandshakeTimeout);
  } else if (decoder_.in_frame() && passed(frame_begun_, options.partial_frame_timeout)) {
    RequestClose(CloseReason::kPartialFrameTimeout);
  } else if (passed(last_octet_, options.idle_timeout)) {
    RequestClose(CloseReason::kIdleTimeout);
  }
}

Connection::Next Connection::Close(CloseReason reason) {
  const std::uint64_t messages = reason == CloseReason::kProxyRefused ? 0 : AppendFrames({}, true);
  if (messages > 0) thread_.events().Received(listener_->transport(), messages, 0);
  if (messages > 0) thread_.BatchChanged(0);
  if (tls_) tls_->SendCloseNotify();
  if (error_.empty() && tls_) error_ = tls_->error();
  const bool was_open = !handshaking_ && descriptor_.is_open();
  tls_.reset();
  boost::system::error_code ignored;
  descriptor_.close(ignored);
  listener_->Release(counted_ ? &peer_.address : nullptr);
  listener_->CountClosed(reason);
  thread_.events().ConnectionClosed(listener_->name(), PrintEndpoint(peer_.address, peer_.port), reason,
                                    error_, was_open);
  return Next::kClosed;
}

asio::awaitable<void> RunConnection(std::shared_ptr<Connection> connection, IoThread& thread) {
  for (;;) {
    if (thread.blocked()) co_await thread.WaitForSpace();
    switch (connection->Advance()) {
      case Connection::Next::kReadable:
        co_await connection->descriptor().async_wait(asio::posix::stream_descriptor::wait_read, kAsTuple);
        break;
      case Connection::Next::kWritable:
        co_await connection->descriptor().async_wait(asio::posix::stream_descriptor::wait_write, kAsTuple);
        break;
      case Connection::Next::kYield:
        co_await asio::post(asio::use_awaitable);
        break;
      case Connection::Next::kRest:
        co_await thread.Rest();
        if (!thread.napped())
          co_await connection->descriptor().async_wait(asio::posix::stream_descriptor::wait_read, kAsTuple);
        break;
      case Connection::Next::kClosed:
        thread.Forget(connection);
        co_return;
    }
  }
}

}  // namespace cistern
