#include "tests/unit/ingest/net/fakes.h"

#include <gtest/gtest.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/un.h>

#include <cstring>
#include <utility>

namespace cistern::testing {
namespace {

socklen_t ParseAddress(const std::string& text, sockaddr_storage& storage) {
  std::memset(&storage, 0, sizeof storage);
  if (text.front() == '/') {
    auto& un = reinterpret_cast<sockaddr_un&>(storage);
    un.sun_family = AF_UNIX;
    text.copy(un.sun_path, sizeof un.sun_path - 1);
    return sizeof un;
  }
  const std::size_t colon = text.rfind(':');
  const auto port = static_cast<std::uint16_t>(std::stoi(text.substr(colon + 1)));
  std::string host = text.substr(0, colon);
  if (host.front() == '[') host = host.substr(1, host.size() - 2);
  const auto ip = host == "::" ? IpAddress::Parse("::1") : IpAddress::Parse(host);
  if (ip->is_v4()) {
    auto& v4 = reinterpret_cast<sockaddr_in&>(storage);
    v4.sin_family = AF_INET;
    v4.sin_port = htons(port);
    std::memcpy(&v4.sin_addr, ip->octets().data() + 12, 4);
    return sizeof v4;
  }
  auto& v6 = reinterpret_cast<sockaddr_in6&>(storage);
  v6.sin6_family = AF_INET6;
  v6.sin6_port = htons(port);
  std::memcpy(&v6.sin6_addr, ip->octets().data(), 16);
  return sizeof v6;
}

SeenRecord Keep(const Record& record) {
  SeenRecord seen;
  seen.raw = record.raw;
  seen.message = record.message;
  seen.app_name = record.app_name;
  seen.listener = record.listener;
  seen.tls_identity = record.tls_identity;
  seen.peer = record.peer;
  seen.port = record.port;
  seen.transport = record.transport;
  seen.frame_kind = record.frame_kind;
  seen.flags = record.flags;
  seen.received = record.received;
  seen.time = record.time;
  return seen;
}

}  // namespace

std::unique_ptr<RecordBatch> FakeSink::NewBatch() { return std::make_unique<RecordBatch>(); }

bool FakeSink::TryPush(std::unique_ptr<RecordBatch>& batch) {
  const std::lock_guard lock(mutex_);
  if (full_) {
    refused_ = true;
    changed_.notify_all();
    return false;
  }
  for (const Record& record : batch->records()) records_.push_back(Keep(record));
  batch.reset();
  changed_.notify_all();
  return true;
}

void FakeSink::NotifyWhenSpace(std::function<void()> wake) {
  {
    const std::lock_guard lock(mutex_);
    if (full_) {
      waiters_.push_back(std::move(wake));
      return;
    }
  }
  wake();
}

void FakeSink::SetFull(bool full) {
  std::vector<std::function<void()>> woken;
  {
    const std::lock_guard lock(mutex_);
    full_ = full;
    if (full) return;
    woken.swap(waiters_);
  }
  for (const auto& wake : woken) wake();
}

void FakeSink::WaitForRefusal() {
  std::unique_lock lock(mutex_);
  EXPECT_TRUE(changed_.wait_for(lock, kPatience, [this] { return refused_; }));
}

std::vector<SeenRecord> FakeSink::WaitFor(std::size_t count) {
  std::unique_lock lock(mutex_);
  EXPECT_TRUE(changed_.wait_for(lock, kPatience, [&] { return records_.size() >= count; }))
      << records_.size() << " of " << count << " records came";
  return records_;
}

std::vector<SeenRecord> FakeSink::records() const {
  const std::lock_guard lock(mutex_);
  return records_;
}

void FakeEvents::Received(Transport, std::uint64_t messages, std::uint64_t octets) {
  const std::lock_guard lock(mutex_);
  received_ += messages;
  octets_ += octets;
  changed_.notify_all();
}

void FakeEvents::Dropped(DropReason reason, std::uint64_t messages) {
  const std::lock_guard lock(mutex_);
  dropped_[reason] += messages;
  changed_.notify_all();
}

void FakeEvents::DatagramsDenied(std::string_view, const std::string& peer, std::uint64_t messages) {
  const std::lock_guard lock(mutex_);
  dropped_[DropReason::kDenied] += messages;
  denied_peer_ = peer;
  changed_.notify_all();
}

void FakeEvents::KernelDrops(std::string_view, std::uint64_t datagrams) {
  const std::lock_guard lock(mutex_);
  kernel_drops_ += datagrams;
  changed_.notify_all();
}

void FakeEvents::ConnectionOpened(std::string_view) {
  const std::lock_guard lock(mutex_);
  ++opened_;
  changed_.notify_all();
}

void FakeEvents::ConnectionClosed(std::string_view listener, const std::string& peer, CloseReason reason,
                                  std::string_view detail, bool was_open) {
  const std::lock_guard lock(mutex_);
  closed_.push_back({std::string(listener), peer, std::string(detail), reason, was_open});
  changed_.notify_all();
}

void FakeEvents::CertificateLoaded(std::string_view listener, std::int64_t not_after,
                                   const std::string& error) {
  const std::lock_guard lock(mutex_);
  certificates_.push_back({std::string(listener), error, not_after});
  changed_.notify_all();
}

bool FakeEvents::WaitUntil(std::function<bool()> condition) {
  std::unique_lock lock(mutex_);
  return changed_.wait_for(lock, kPatience, condition);
}

std::uint64_t FakeEvents::received() const {
  const std::lock_guard lock(mutex_);
  return received_;
}

std::uint64_t FakeEvents::octets() const {
  const std::lock_guard lock(mutex_);
  return octets_;
}

std::uint64_t FakeEvents::dropped(DropReason reason) const {
  const std::lock_guard lock(mutex_);
  const auto found = dropped_.find(reason);
  return found == dropped_.end() ? 0 : found->second;
}

std::uint64_t FakeEvents::kernel_drops() const {
  const std::lock_guard lock(mutex_);
  return kernel_drops_;
}

std::string FakeEvents::denied_peer() const {
  const std::lock_guard lock(mutex_);
  return denied_peer_;
}

bool FakeEvents::WaitForOpened(std::size_t count) {
  return WaitUntil([=, this] { return opened_ >= count; });
}

SeenClose FakeEvents::WaitForClosed(std::size_t count) {
  EXPECT_TRUE(WaitUntil([=, this] { return closed_.size() >= count; })) << "no connection was closed";
  const std::lock_guard lock(mutex_);
  return closed_.size() >= count ? closed_[count - 1] : SeenClose{};
}

SeenCertificate FakeEvents::WaitForCertificate(std::size_t count) {
  EXPECT_TRUE(WaitUntil([=, this] { return certificates_.size() >= count; })) << "no certificate was loaded";
  const std::lock_guard lock(mutex_);
  return certificates_.size() >= count ? certificates_[count - 1] : SeenCertificate{};
}

bool FakeEvents::WaitForDropped(DropReason reason, std::uint64_t messages) {
  return WaitUntil([=, this] { return dropped_[reason] >= messages; });
}

bool FakeEvents::WaitForReceived(std::uint64_t messages) {
  return WaitUntil([=, this] { return received_ >= messages; });
}

Client::Client(const std::string& address, int type) {
  sockaddr_storage storage;
  const socklen_t length = ParseAddress(address, storage);
  fd_ = UniqueFd(::socket(storage.ss_family, type | SOCK_CLOEXEC, 0));
  EXPECT_EQ(::connect(fd_.get(), reinterpret_cast<sockaddr*>(&storage), length), 0)
      << address << ": " << std::strerror(errno);
}

void Client::Send(std::string_view octets) {
  do {
    const ssize_t sent = ::send(fd_.get(), octets.data(), octets.size(), MSG_NOSIGNAL);
    ASSERT_GE(sent, 0) << std::strerror(errno);
    octets.remove_prefix(static_cast<std::size_t>(sent));
  } while (!octets.empty());
}

void Client::CloseSending() { ::shutdown(fd_.get(), SHUT_WR); }

bool Client::WaitForClose() {
  pollfd wait{fd_.get(), POLLIN, 0};
  const auto patience = std::chrono::duration_cast<std::chrono::milliseconds>(kPatience);
  if (::poll(&wait, 1, static_cast<int>(patience.count())) != 1) return false;
  char octet;
  return ::recv(fd_.get(), &octet, 1, 0) <= 0;
}

ListenerOptions UdpListener(std::string host) {
  ListenerOptions options;
  options.name = "udp";
  options.transport = Transport::kUdp;
  options.host = std::move(host);
  return options;
}

ListenerOptions TcpListener(std::string host) {
  ListenerOptions options = UdpListener(std::move(host));
  options.name = "tcp";
  options.transport = Transport::kTcp;
  return options;
}

Rig::Rig(NetServer::Options options) : server(NetServer::Create(std::move(options), sink, events)) {}

Rig::~Rig() = default;

void Rig::Start(std::vector<ListenerOptions> listeners) {
  const auto started = server->Start(std::move(listeners));
  ASSERT_FALSE(started.has_error()) << started.error().message;
}

std::string Rig::address(std::size_t listener) const { return server->Status().at(listener).address; }

void Rig::Drain(std::chrono::milliseconds time) { server->Drain(std::chrono::steady_clock::now() + time); }

std::vector<std::string> Messages(const std::vector<SeenRecord>& records) {
  std::vector<std::string> messages;
  for (const SeenRecord& record : records) messages.push_back(record.message);
  return messages;
}

}  // namespace cistern::testing
