#include "service/door/guest.h"

#include <sys/socket.h>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <cerrno>
#include <utility>

#include "service/door/hpack.h"

namespace cistern {
namespace {

namespace asio = boost::asio;

constexpr auto kAsTuple = asio::as_tuple(asio::use_awaitable);
constexpr auto kGreetingTimeout = std::chrono::seconds(10);
constexpr auto kLeaveTimeout = std::chrono::seconds(1);
constexpr auto kStuck = std::chrono::seconds(10);     // gives way to others
constexpr auto kStalled = std::chrono::seconds(100);  // gRPC gives up 80 s after its last word
constexpr int kPairBuffer = 256 * 1024;

DoorRefusal RefusalOf(Http2Abuse abuse) {
  return static_cast<DoorRefusal>(static_cast<int>(DoorRefusal::kNotHttp2) + static_cast<int>(abuse));
}
static_assert(static_cast<int>(DoorRefusal::kSettings) ==
              static_cast<int>(DoorRefusal::kNotHttp2) + static_cast<int>(Http2Abuse::kSettings));

// What to wait for before the next read: others have their turn first, also while octets keep coming, and
// whatever ended a read ends the next one as well.
StreamStatus After(const StreamRead& read) { return read.octets > 0 ? StreamStatus::kDone : read.status; }

}  // namespace

bool Wire::Open(UniqueFd fd) {
  boost::system::error_code error;
  descriptor_.assign(fd.get(), error);
  if (!error) fd.release();
  return !error;
}

bool Wire::StartTls(const TlsContext& context) {
  tls_ = TlsSession::Create(context, descriptor_.native_handle());
  return tls_ != nullptr;
}

StreamRead Wire::Read(std::span<char> buffer) {
  return tls_ ? tls_->Read(buffer.data(), buffer.size()) : ReadRaw(buffer);
}

StreamRead Wire::ReadRaw(std::span<char> buffer) {
  const ssize_t count = ::recv(descriptor_.native_handle(), buffer.data(), buffer.size(), MSG_DONTWAIT);
  if (count > 0) {
    const auto octets = static_cast<std::size_t>(count);
    return {octets == buffer.size() ? StreamStatus::kDone : StreamStatus::kWantRead, octets};
  }
  if (count == 0) return {StreamStatus::kEnd};
  return {errno == EAGAIN || errno == EINTR ? StreamStatus::kWantRead : StreamStatus::kFailed};
}

StreamRead Wire::Write(std::string_view octets) {
  const StreamRead written = tls_ ? tls_->Write(octets.data(), octets.size()) : WriteRaw(octets);
  if (written.octets > 0) Begin();
  return written;
}

StreamRead Wire::WriteRaw(std::string_view octets) {
  const ssize_t count =
      ::send(descriptor_.native_handle(), octets.data(), octets.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
  if (count >= 0) {
    const auto sent = static_cast<std::size_t>(count);
    return {sent == octets.size() ? StreamStatus::kDone : StreamStatus::kWantWrite, sent};
  }
  return {errno == EAGAIN || errno == EINTR ? StreamStatus::kWantWrite : StreamStatus::kFailed};
}

asio::awaitable<bool> Wire::WaitFor(StreamStatus status) {
  if (status == StreamStatus::kDone) {  // there is more; others first
    co_await asio::post(descriptor_.get_executor(), asio::use_awaitable);
    co_return true;
  }
  if (status != StreamStatus::kWantRead && status != StreamStatus::kWantWrite) co_return false;
  const auto what = status == StreamStatus::kWantRead ? asio::posix::descriptor_base::wait_read
                                                      : asio::posix::descriptor_base::wait_write;
  const auto [error] = co_await descriptor_.async_wait(what, kAsTuple);
  co_return !error;
}

void Wire::EndWriting() {
  if (tls_) tls_->SendCloseNotify();
  ::shutdown(descriptor_.native_handle(), SHUT_WR);
}

void Wire::Cut() { ::shutdown(descriptor_.native_handle(), SHUT_RDWR); }

bool Guest::Start(UniqueFd socket, std::shared_ptr<const TlsContext> tls) {
  if (!outer_.Open(std::move(socket))) return false;
  parts_ = 1;
  asio::co_spawn(io_, Serve(shared_from_this(), std::move(tls)), asio::detached);
  return true;
}

asio::awaitable<void> Guest::Serve(std::shared_ptr<Guest> self, std::shared_ptr<const TlsContext> tls) {
  bool welcome = true;
  if (tls) {
    welcome = self->outer_.StartTls(*tls);
    if (!welcome) self->Refuse(DoorRefusal::kTls, "there is no memory for TLS");
    if (welcome) welcome = co_await self->Handshake();
  }
  if (welcome) welcome = co_await self->Greet();
  if (welcome) {
    ++self->parts_;
    asio::co_spawn(self->io_, Bring(self), asio::detached);
    co_await self->Fetch();
  }
  co_await self->Discard();
  self->Leave();
}

asio::awaitable<bool> Guest::Handshake() {
  for (;;) {
    const StreamStatus status = outer_.Handshake();
    if (status == StreamStatus::kDone) break;
    if (status == StreamStatus::kWantRead || status == StreamStatus::kWantWrite) {
      const bool waited = co_await outer_.WaitFor(status);
      if (waited && !leaving_) continue;
    }
    const TlsSession& tls = *outer_.tls();
    if (!tls.silent()) Refuse(DoorRefusal::kTls, tls.plaintext() ? "it does not speak TLS" : tls.error());
    co_return false;
  }
  if (outer_.tls()->ApplicationProtocol() == "h2") co_return true;
  Refuse(DoorRefusal::kNotHttp2, "it did not ask for HTTP/2 (ALPN h2)");
  co_return false;
}

// Until the client has shown that it speaks HTTP/2, and gRPC has answered with its SETTINGS.
asio::awaitable<bool> Guest::Greet() {
  Visitor visitor;
  visitor.address = peer_.address;
  visitor.port = peer_.port;
  visitor.tls = outer_.tls() != nullptr;
  if (visitor.tls) visitor.names = outer_.tls()->PeerNames();
  mark_ = host_.Admit(std::move(visitor));
  guard_.emplace(HpackField(host_.mark_name(), mark_), host_.calls());
  while (!guard_->greeted()) {
    const StreamRead read = outer_.Read(host_.scratch());
    if (!TakeFromClient(read.octets)) co_return false;
    if (guard_->greeted()) break;
    const bool waited = co_await outer_.WaitFor(read.status);
    if (!waited || leaving_) co_return false;
  }
  if (!OpenInner()) co_return false;
  const bool answered = co_await inner_->WaitFor(StreamStatus::kWantRead);
  inside_ = answered && !leaving_;
  co_return inside_;
}

bool Guest::TakeFromClient(std::size_t octets) {
  if (octets == 0) return true;
  last_active_ = Clock::now();
  const std::string_view taken(host_.scratch().data(), octets);
  if (const auto abuse = guard_->FromClient(taken, last_active_, up_)) {
    End(*abuse);
    return false;
  }
  return true;
}

bool Guest::OpenInner() {
  int pair[2];
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, pair) != 0) {
    Refuse(DoorRefusal::kTooMany, "the process is out of descriptors");
    return false;
  }
  for (const int fd : pair) ::setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &kPairBuffer, sizeof kPairBuffer);
  UniqueFd ours(pair[0]), grpcs(pair[1]);
  Wire inner(io_);
  if (!inner.Open(std::move(ours))) {
    Refuse(DoorRefusal::kTooMany, "the system watches no more descriptors");
    return false;
  }
  inner_.emplace(std::move(inner));
  host_.Introduce(grpcs.release());
  return true;
}

// From the client to gRPC.
asio::awaitable<void> Guest::Fetch() {
  for (;;) {
    const bool flushed = co_await Flush(*inner_, up_);
    if (!flushed || leaving_) break;
    const StreamRead read = outer_.Read(host_.scratch());
    if (!TakeFromClient(read.octets)) break;
    const bool waited = co_await outer_.WaitFor(After(read));
    left_ = !waited;
    if (left_ || leaving_) break;
  }
  inner_->EndWriting();
}

// From gRPC to the client.
asio::awaitable<void> Guest::Bring(std::shared_ptr<Guest> self) {
  for (;;) {
    const StreamRead read = self->inner_->Read(self->host_.scratch());
    if (read.octets > 0) {
      self->last_active_ = Clock::now();
      const std::string_view octets(self->host_.scratch().data(), read.octets);
      const auto abuse = self->guard_->FromServer(octets, self->last_active_);
      self->down_ += octets;
      if (abuse && !self->abuse_) self->End(*abuse);
      const bool flushed = co_await self->Flush(self->outer_, self->down_);
      if (!flushed) break;
    }
    const bool waited = co_await self->inner_->WaitFor(After(read));
    if (!waited) break;
  }
  if (!self->leaving_ && self->IsFault())
    self->host_.Refused(DoorRefusal::kProtocol, self->peer_, "gRPC ended it for what it said");
  if (self->leaving_ && self->down_.empty() && self->guard_->server_between_frames()) {
    self->down_ = self->guard_->LastWords(self->abuse_);
    co_await self->Flush(self->outer_, self->down_);
  }
  self->leaving_ = true;
  if (self->leave_by_ == Clock::time_point()) self->leave_by_ = Clock::now() + kLeaveTimeout;
  self->inner_->Cut();
  self->outer_.EndWriting();
  self->Leave();
}

asio::awaitable<bool> Guest::Flush(Wire& to, std::string& octets) {
  to.Begin();
  while (!octets.empty()) {
    const StreamRead written = to.Write(octets);
    octets.erase(0, written.octets);
    if (octets.empty()) break;
    const bool waited = co_await to.WaitFor(written.status);
    if (!waited) co_return false;
  }
  std::string().swap(octets);
  co_return true;
}

// So that the last words reach a client that is still talking: a socket closed with unread octets takes back
// what was sent.
asio::awaitable<void> Guest::Discard() {
  if (outer_.tls() && outer_.tls()->flooded()) Refuse(DoorRefusal::kTls, outer_.tls()->error());
  if (!inner_) {
    if (abuse_) (void)outer_.Write(Http2Guard::EmptySettings() + guard_->LastWords(*abuse_));
    outer_.EndWriting();
  }
  if (leave_by_ == Clock::time_point()) leave_by_ = Clock::now() + kLeaveTimeout;
  for (;;) {
    const StreamRead read = outer_.ReadRaw(host_.scratch());
    const bool waited = co_await outer_.WaitFor(After(read));
    if (!waited) break;
  }
}

void Guest::Refuse(DoorRefusal refusal, const std::string& why) {
  if (std::exchange(leaving_, true)) return;
  host_.Refused(refusal, peer_, why);
}

void Guest::End(Http2Abuse abuse) {
  abuse_ = abuse;
  leave_by_ = Clock::now() + kLeaveTimeout;
  Refuse(RefusalOf(abuse), TextOf(abuse));
  if (inner_) inner_->Cut();
}

void Guest::MakeRoom() {
  Refuse(DoorRefusal::kTooMany, "it made room for others");
  leave_by_ = Clock::now() + kLeaveTimeout;
  if (inner_ && down_.empty()) {
    inner_->Cut();  // and a goodbye, when that is heard
  } else {
    Cut();
  }
}

void Guest::Cut() {
  outer_.Cut();
  if (inner_) inner_->Cut();
}

bool Guest::stuck(Clock::time_point now) const {
  return !down_.empty() && now - outer_.last_taken() >= kStuck;
}

void Guest::Tick(Clock::time_point now) {
  const bool late = !inside_ && !leaving_ && now - arrived_ >= kGreetingTimeout;
  if (late) Refuse(DoorRefusal::kTooSlow, "it said nothing that gRPC could answer within 10 s");
  const bool stalled = !leaving_ && !down_.empty() && now - outer_.last_taken() >= kStalled;
  if (stalled) Refuse(DoorRefusal::kStalled, "it took nothing for 100 s");
  if (late || stalled || (leave_by_ != Clock::time_point() && now >= leave_by_)) Cut();
}

// gRPC has closed its end: does it blame the client? Some faults it does not name.
bool Guest::IsFault() const {
  const auto goodbye = guard_->server_goodbye();
  return goodbye == Http2Guard::Goodbye::kFault || (goodbye == Http2Guard::Goodbye::kNone && !left_);
}

void Guest::Leave() {
  if (--parts_ == 0) host_.Forget(*this, mark_);
}

}  // namespace cistern
