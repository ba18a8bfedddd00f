#include "service/door/door.h"

#include <netinet/tcp.h>
#include <spdlog/spdlog.h>
#include <sys/socket.h>

#include <atomic>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <condition_variable>
#include <future>
#include <mutex>
#include <thread>
#include <unordered_map>

#include "proto/yaml/units.h"
#include "service/door/guest.h"
#include "service/tls/watched_tls.h"

namespace cistern {
namespace {

namespace asio = boost::asio;

constexpr auto kAsTuple = asio::as_tuple(asio::use_awaitable);
constexpr auto kTick = std::chrono::seconds(1);
constexpr auto kPause = std::chrono::milliseconds(100);
constexpr auto kGoodbyes = std::chrono::seconds(1);
constexpr auto kQuiet = std::chrono::seconds(10);
constexpr int kAcceptsPerTurn = 16;
constexpr std::size_t kScratch = 64 * 1024;
// Who is cut off may hear why for a second, if there are not too many. Beyond the last nobody comes in.
constexpr int kMostLeaving = 64;
// So many in their handshakes at once are a flood, and give way before those who are through.
constexpr int kManyOutside = 100;
constexpr int kMostGuests = Door::kMaxConnections + 256;

// Says each kind of refusal at most every ten seconds.
class RefusalLog {
 public:
  void Tell(DoorRefusal refusal, const Peer& peer, const std::string& why) {
    Kind& kind = kinds_[static_cast<std::size_t>(refusal)];
    const auto now = std::chrono::steady_clock::now();
    if (kind.silent && now - kind.told < kQuiet) {
      ++kind.untold;
      return;
    }
    const std::string more = kind.untold > 0 ? " (" + std::to_string(kind.untold) + " more like it)" : "";
    spdlog::warn("control: {} was refused: {}{}", PrintEndpoint(peer.address, peer.port), why, more);
    kind = {true, now, 0};
  }

 private:
  struct Kind {
    bool silent = false;
    std::chrono::steady_clock::time_point told;
    std::uint64_t untold = 0;
  };
  std::array<Kind, kDoorRefusals> kinds_;
};

class DoorImpl final : public Door, private DoorHost {
 public:
  DoorImpl(std::string address, std::optional<TlsOptions> tls, Visitors& visitors, CallCounts& calls)
      : requested_(std::move(address)), visitors_(visitors), calls_(calls) {
    if (!tls) return;
    tls->application_protocol = "h2";
    tls_.emplace("control.tls", *std::move(tls));
  }

  ~DoorImpl() override { Close(); }

  void Close() override {
    if (!thread_.joinable()) return;
    StopAccepting();
    {
      std::unique_lock lock(mutex_);
      all_gone_.wait_for(lock, kGoodbyes, [this] { return figures_.open == 0; });
    }
    io_.stop();
    thread_.join();
  }

  Result<void, std::string> Bind() override {
    if (tls_) {
      if (auto loaded = tls_->Load(); !loaded) return loaded;
    }
    const auto at = ParseHostPort(requested_);
    if (!at) return "control.address: " + requested_ + " is not HOST:PORT";
    ListenerOptions options;
    options.transport = Transport::kTcp;
    options.host = at->host;
    options.port = at->port;
    auto socket = OpenSocket(options, false);
    if (!socket) return "control.address: cannot listen on " + requested_ + ": " + socket.error().message();
    port_ = BoundPort(socket->get());
    listening_.emplace(io_, socket->release());
    return {};
  }

  void Open(HandOver hand_over) override {
    hand_over_ = std::move(hand_over);
    asio::co_spawn(io_, Accept(), asio::detached);
    asio::co_spawn(io_, Tick(), asio::detached);
    thread_ = std::thread([this] { io_.run(); });
  }

  void StopAccepting() override {
    if (!thread_.joinable()) return;
    std::promise<void> done;
    asio::post(io_, [this, &done] {
      boost::system::error_code ignored;
      if (listening_) listening_->close(ignored);
      pause_.cancel();
      done.set_value();
    });
    done.get_future().wait();
  }

  std::string address() const override {
    return requested_.substr(0, requested_.rfind(':') + 1) + std::to_string(port_);
  }

  DoorFigures figures() const override {
    const std::lock_guard lock(mutex_);
    DoorFigures figures = figures_;
    if (tls_) {
      figures.certificate_not_after = tls_->not_after();
      figures.certificate_stale = tls_->stale();
    }
    return figures;
  }

 private:
  asio::awaitable<void> Accept() {
    while (listening_->is_open()) {
      const auto [error] = co_await listening_->async_wait(asio::posix::descriptor_base::wait_read, kAsTuple);
      bool exhausted = error.failed();
      for (int i = 0; i < kAcceptsPerTurn && !exhausted && listening_->is_open(); ++i) {
        if (AcceptOne()) continue;
        exhausted = IsExhaustion(errno);
        if (!exhausted) break;
      }
      if (!exhausted) continue;
      pause_.expires_after(kPause);
      co_await pause_.async_wait(kAsTuple);
    }
  }

  bool AcceptOne() {
    auto [socket, peer] = AcceptFrom(listening_->native_handle());
    if (!socket.valid()) return errno == ECONNABORTED || errno == EINTR;
    const int on = 1;
    ::setsockopt(socket.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    {
      const std::lock_guard lock(mutex_);
      ++figures_.accepted;
    }
    if (static_cast<int>(guests_.size()) >= kMaxConnections) MakeRoom();
    DoorHost& host = *this;
    auto guest = std::make_shared<Guest>(io_, host, peer);
    if (static_cast<int>(guests_.size()) >= kMostGuests ||
        !guest->Start(std::move(socket), tls_ ? tls_->Context() : nullptr)) {
      Refused(DoorRefusal::kTooMany, peer, "too many connections");
      return true;
    }
    guests_.emplace(guest.get(), guest);
    const std::lock_guard lock(mutex_);
    ++figures_.open;
    return true;
  }

  // A flood of connections that ask nothing must not keep out the client that asks, nor drive out those that
  // may ask again: who is being cut off has no part in the number, but one of its own.
  void MakeRoom() {
    const auto now = std::chrono::steady_clock::now();
    Guest *outside = nullptr, *idle = nullptr, *stuck = nullptr, *leaving = nullptr;
    int leave = 0, knock = 0;
    const auto take = [](Guest*& longest, Guest* guest) {
      if (!longest || guest->last_active() < longest->last_active()) longest = guest;
    };
    for (const auto& [guest, owned] : guests_) {
      if (guest->leaving()) {
        ++leave;
        take(leaving, guest);
      } else if (!guest->inside()) {
        ++knock;
        take(outside, guest);
      } else if (guest->idle()) {
        take(idle, guest);
      } else if (guest->stuck(now)) {
        take(stuck, guest);
      }
    }
    Guest* first = idle ? idle : stuck;
    if (!first || knock >= kManyOutside) first = outside;
    if (first && static_cast<int>(guests_.size()) - leave >= kMaxConnections) first->MakeRoom();
    if (leave >= kMostLeaving) leaving->Cut();
  }

  asio::awaitable<void> Tick() {
    for (;;) {
      tick_.expires_after(kTick);
      co_await tick_.async_wait(kAsTuple);
      const auto now = std::chrono::steady_clock::now();
      for (const auto& [guest, owned] : guests_) guest->Tick(now);  // none goes away in here
    }
  }

  // DoorHost
  std::string Admit(Visitor visitor) override { return visitors_.Add(std::move(visitor)); }
  void Introduce(int fd) override { hand_over_(fd); }
  void Refused(DoorRefusal refusal, const Peer& peer, const std::string& why) override {
    log_.Tell(refusal, peer, why);
    const std::lock_guard lock(mutex_);
    ++figures_.refused[static_cast<std::size_t>(refusal)];
  }
  void Forget(Guest& guest, const std::string& mark) override {
    if (!mark.empty()) visitors_.Remove(mark);
    guests_.erase(&guest);
    const std::lock_guard lock(mutex_);
    if (--figures_.open == 0) all_gone_.notify_all();
  }
  CallCounts& calls() override { return calls_; }
  const std::string& mark_name() const override { return visitors_.mark_name(); }
  std::span<char> scratch() override { return scratch_; }

  const std::string requested_;
  Visitors& visitors_;
  CallCounts& calls_;
  std::optional<WatchedTls> tls_;
  HandOver hand_over_;
  std::uint16_t port_ = 0;

  // Its thread only.
  asio::io_context io_{1};
  std::optional<asio::posix::stream_descriptor> listening_;
  asio::steady_timer pause_{io_}, tick_{io_};
  std::unordered_map<Guest*, std::shared_ptr<Guest>> guests_;
  std::vector<char> scratch_ = std::vector<char>(kScratch);
  RefusalLog log_;

  mutable std::mutex mutex_;
  std::condition_variable all_gone_;
  DoorFigures figures_;  // guarded by mutex_
  std::thread thread_;
};

}  // namespace

const char* DoorRefusalName(DoorRefusal refusal) {
  static constexpr const char* kNames[] = {"tls",       "too_slow",    "stalled", "too_many", "protocol",
                                           "not_http2", "header_size", "resets",  "settings"};
  static_assert(std::size(kNames) == kDoorRefusals);
  return kNames[static_cast<std::size_t>(refusal)];
}

std::unique_ptr<Door> Door::Create(std::string address, std::optional<TlsOptions> tls, Visitors& visitors,
                                   CallCounts& calls) {
  return std::make_unique<DoorImpl>(std::move(address), std::move(tls), visitors, calls);
}

}  // namespace cistern
