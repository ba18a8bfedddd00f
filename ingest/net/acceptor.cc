#include "ingest/net/acceptor.h"

#include <fcntl.h>
#include <sys/socket.h>

#include <algorithm>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <cerrno>
#include <future>
#include <utility>

namespace cistern {
namespace asio = boost::asio;
namespace {

constexpr auto kAsTuple = asio::as_tuple(asio::use_awaitable);
// Accepted in a row before the thread's connections get their turn.
constexpr int kAcceptsPerTurn = 64;
// Without descriptors, and after other failures of accept().
constexpr std::chrono::milliseconds kPause{100};

UniqueFd OpenReserve() { return UniqueFd(::open("/dev/null", O_RDONLY | O_CLOEXEC)); }

}  // namespace

Acceptor::Acceptor(UniqueFd socket, std::shared_ptr<StreamListener> listener, IoThread& home,
                   std::vector<std::shared_ptr<IoThread>> threads, IngestEvents& events)
    : listener_(std::move(listener)),
      home_(home),
      threads_(std::move(threads)),
      events_(events),
      socket_(socket.get()),
      descriptor_(home.context()),
      pause_(home.context()),
      reserve_(OpenReserve()) {
  descriptor_.assign(socket.release());
}

void Acceptor::Start() { asio::co_spawn(home_.context(), Run(shared_from_this()), asio::detached); }

void Acceptor::Close() {
  std::promise<void> done;
  asio::post(home_.context(), [this, &done] {
    closed_ = true;
    while (descriptor_.is_open() && AcceptOne() == Outcome::kAccepted) {
    }
    boost::system::error_code ignored;
    descriptor_.close(ignored);
    pause_.cancel();
    done.set_value();
  });
  done.get_future().wait();
}

asio::awaitable<void> Acceptor::Run(std::shared_ptr<Acceptor> self) {
  while (!self->closed_) {
    co_await self->descriptor_.async_wait(asio::posix::stream_descriptor::wait_read, kAsTuple);
    Outcome outcome = Outcome::kAccepted;
    for (int i = 0; i < kAcceptsPerTurn && outcome == Outcome::kAccepted && !self->closed_; ++i)
      outcome = self->AcceptOne();
    if (outcome != Outcome::kExhausted && outcome != Outcome::kFailed) continue;
    if (outcome == Outcome::kExhausted) self->RefuseWithReserve();
    self->pause_.expires_after(kPause);
    co_await self->pause_.async_wait(kAsTuple);
  }
}

Acceptor::Outcome Acceptor::AcceptOne() {
  auto [fd, peer] = AcceptFrom(socket_);
  if (fd.valid()) {
    Place(std::move(fd), peer);
    return Outcome::kAccepted;
  }
  switch (errno) {
    case EAGAIN:
      return Outcome::kNone;
    case ECONNABORTED:
    case EINTR:
      return Outcome::kAccepted;  // that one is gone; the next may be there
    default:
      return IsExhaustion(errno) ? Outcome::kExhausted : Outcome::kFailed;
  }
}

void Acceptor::Place(UniqueFd connection, Peer peer) {
  using Admission = StreamListener::Admission;
  const Admission admission = listener_->Admit(peer.address);
  if (admission == Admission::kDenied) return Refuse(peer, CloseReason::kDenied);
  if (admission == Admission::kTotalLimit) return Refuse(peer, CloseReason::kTotalLimit);
  if (admission == Admission::kPeerLimit) return Refuse(peer, CloseReason::kPeerLimit);
  const bool awaits_header = admission == Admission::kAwaitsHeader;
  const auto least = std::min_element(threads_.begin(), threads_.end(),
                                      [](const auto& a, const auto& b) { return a->load() < b->load(); });
  (*least)->Adopt(std::move(connection), listener_, {peer, awaits_header});
}

// Closes waiting connections with the descriptor that was kept for this.
void Acceptor::RefuseWithReserve() {
  for (int i = 0; i < kAcceptsPerTurn && reserve_.valid(); ++i) {
    reserve_ = UniqueFd();
    auto [fd, peer] = AcceptFrom(socket_);
    const bool accepted = fd.valid();
    fd = UniqueFd();
    reserve_ = OpenReserve();
    if (!accepted) return;
    Refuse(peer, CloseReason::kOutOfDescriptors);
  }
}

void Acceptor::Refuse(Peer peer, CloseReason reason) {
  listener_->CountClosed(reason);
  events_.ConnectionClosed(listener_->name(), PrintEndpoint(peer.address, peer.port), reason, "", false);
}

}  // namespace cistern
