#include "service/forward/syslog_member.h"

#include <utility>

#include "cistern/v1/target.pb.h"
#include "service/forward/tls_client_socket.h"

namespace cistern {
namespace {

using std::chrono::nanoseconds;
using std::chrono::steady_clock;

std::string Names(const std::vector<SocketAddress>& addresses) {
  std::string names;
  for (const SocketAddress& address : addresses)
    names += (names.empty() ? "" : ", ") + address.ip().ToString();
  return names;
}

}  // namespace

std::optional<Failure> SyslogMember::Connect(const Stop& stop) {
  const auto deadline = steady_clock::now() + nanoseconds(target_.connect_timeout());
  const auto addresses = Resolve(where_, deadline, stop);
  if (!addresses) return addresses.error();
  if (!IpAddress::Parse(where_.host)) context_.observe({"resolve " + where_.host, Names(*addresses)});
  auto connected = ConnectTcp(*addresses, deadline, stop);
  if (!connected) return connected.error();
  const SocketAddress address = connected->address;
  if (context_.is_own_address("tcp", address.ip().ToString(), address.port()))
    return Failure{FailureReason::kLoop, address.ToString() + " is this daemon: its records would come back"};
  context_.observe({"connect to " + address.ToString(), "connected"});
  if (auto failure = Speak(std::move(*connected), deadline, stop)) return failure;
  stream_->SetUserTimeout(nanoseconds(target_.write_timeout()));
  octets_.clear();
  written_ = 0;
  connected_at_ = steady_clock::now();
  return std::nullopt;
}

std::optional<Failure> SyslogMember::Speak(Connected connected, steady_clock::time_point deadline,
                                           const Stop& stop) {
  if (target_.transport() != "tls") {
    stream_ = PlainStream(std::move(connected), name());
    return std::nullopt;
  }
  auto stream = ConnectTls(std::move(connected), name(), where_.host, target_.tls(), deadline, stop);
  if (!stream) return stream.error();
  stream_ = std::move(*stream);
  context_.observe({"TLS with " + name(), DescribeTls(*stream_)});
  return std::nullopt;
}

std::optional<Failure> SyslogMember::Continue(const Stop* stop, nanoseconds timeout) {
  auto failure = stream_->Write(octets_, written_, timeout, stop);
  if (failure && failure->reason != FailureReason::kStopped) stream_.reset();
  progress_at_ = steady_clock::now();
  return failure;
}

std::optional<Failure> SyslogMember::Send(std::string octets, std::size_t& written, const Stop& stop) {
  octets_ = std::move(octets);
  written_ = 0;
  progress_at_ = steady_clock::now();
  auto failure = Continue(&stop, nanoseconds(target_.write_timeout()));
  written = written_;
  return failure;
}

std::optional<Failure> SyslogMember::Start(std::string octets) {
  octets_ = std::move(octets);
  written_ = 0;
  progress_at_ = steady_clock::now();
  return Check();
}

std::optional<Failure> SyslogMember::Check() {
  if (!stream_) return std::nullopt;
  if (auto failure = stream_->CheckPeer()) return Broken(*std::move(failure));
  if (!busy()) return std::nullopt;
  const std::size_t before = written_;
  if (auto failure = stream_->WriteSome(octets_, written_)) return Broken(*std::move(failure));
  const auto now = steady_clock::now();
  if (written_ > before) progress_at_ = now;
  if (busy() && now >= deadline()) return Broken(stream_->Stalled());
  return std::nullopt;
}

std::optional<Failure> SyslogMember::Broken(Failure failure) {
  stream_.reset();
  return failure;
}

steady_clock::time_point SyslogMember::deadline() const {
  return progress_at_ + nanoseconds(target_.write_timeout());
}

bool SyslogMember::proven() const {
  return steady_clock::now() - connected_at_ > nanoseconds(target_.write_timeout());
}

std::optional<Failure> SyslogMember::Close(steady_clock::time_point deadline) {
  if (!stream_) return std::nullopt;
  auto failure = Continue(nullptr, deadline - steady_clock::now());
  if (!failure) failure = stream_->Finish(deadline);
  stream_.reset();
  return failure;
}

std::string SyslogMember::TakeBuffer() {
  octets_.clear();
  written_ = 0;
  return std::exchange(octets_, {});
}

}  // namespace cistern
