#include "ingest/net/net_server.h"

#include <unistd.h>

#include <algorithm>
#include <utility>

#include "ingest/net/net_server_impl.h"

namespace cistern {
namespace {

using Clock = std::chrono::steady_clock;

// How long a listener that was removed from the configuration may take to hand over what it has read.
constexpr std::chrono::seconds kRemovalPatience{2};
// Larger than any UDP datagram.
constexpr std::size_t kMaxUdpDatagram = 64 * 1024;

// "::" leaves IPv4 to another listener that has the same port.
bool NeedsV6Only(const ListenerOptions& options, const std::vector<ListenerOptions>& all) {
  return options.host == "::" && std::any_of(all.begin(), all.end(), [&](const ListenerOptions& other) {
           const bool same_kind =
               (other.transport == Transport::kUdp) == (options.transport == Transport::kUdp);
           const bool v4 = other.transport != Transport::kUnix && other.host.find('.') != std::string::npos;
           return same_kind && v4 && other.port == options.port;
         });
}

}  // namespace

std::unique_ptr<NetServer> NetServer::Create(Options options, BatchSink& sink, IngestEvents& events) {
  return std::make_unique<NetServerImpl>(std::move(options), sink, events);
}

NetServerImpl::NetServerImpl(Options options, BatchSink& sink, IngestEvents& events)
    : options_(std::move(options)),
      sink_(sink),
      events_(events),
      watcher_(options_.certificate_check_interval, events),
      zones_(options_.zones ? options_.zones : std::make_shared<const ZoneTable>()) {
  for (int i = 0; i < std::max(1, options_.io_threads); ++i)
    threads_.push_back(std::make_shared<IoThread>(sink, events));
}

NetServerImpl::~NetServerImpl() { Drain(Clock::now()); }

Result<void, ListenError> NetServerImpl::Start(std::vector<ListenerOptions> listeners) {
  auto started = Reconfigure(std::move(listeners), zones_);
  if (started.has_error()) return started;
  const std::lock_guard lock(mutex_);
  started_ = true;
  for (const auto& thread : threads_) thread->Start();
  return {};
}

Result<void, ListenError> NetServerImpl::Reconfigure(std::vector<ListenerOptions> listeners,
                                                     std::shared_ptr<const ZoneTable> zones) {
  const std::lock_guard lock(mutex_);
  std::vector<PreparedListener> plan;
  for (const ListenerOptions& options : listeners) {
    auto prepared = Prepare(options, NeedsV6Only(options, listeners), listeners_);
    if (prepared.has_error()) return prepared.error();
    plan.push_back(std::move(*prepared));
  }
  zones_ = zones ? std::move(zones) : std::make_shared<const ZoneTable>();
  Apply(std::move(plan));
  return {};
}

void NetServerImpl::Apply(std::vector<PreparedListener> plan) {
  Listeners next;
  for (PreparedListener& prepared : plan) {
    if (!prepared.kept) {
      next.push_back(Open(std::move(prepared)));
      continue;
    }
    const auto place = std::find_if(listeners_.begin(), listeners_.end(),
                                    [&](const auto& running) { return running.get() == prepared.kept; });
    next.push_back(std::move(*place));
    listeners_.erase(place);
    Keep(std::move(prepared));
  }
  std::swap(listeners_, next);
  CloseListeners(std::move(next));
  WatchCertificates();
}

DatagramSettings NetServerImpl::DatagramSettingsOf(const ListenerOptions& options) const {
  const bool udp = options.transport == Transport::kUdp;
  return {udp ? std::min(options.max_message, kMaxUdpDatagram) : options.max_message, zones_, options.zone,
          options.senders};
}

void NetServerImpl::Keep(PreparedListener prepared) {
  RunningListener& running = *prepared.kept;
  running.options = prepared.options;
  for (const auto& receiver : running.receivers) {
    running.receive_buffer = SetReceiveBuffer(receiver->socket(), running.options.receive_buffer);
    receiver->Apply(DatagramSettingsOf(running.options));
  }
  if (!running.stream) return;
  running.stream->Apply({running.options, zones_});
  if (!prepared.tls) return;
  running.stream->UseTls(prepared.tls);
  events_.CertificateLoaded(running.options.name, prepared.tls->not_after(), "");
}

std::unique_ptr<RunningListener> NetServerImpl::Open(PreparedListener prepared) {
  auto running = std::make_unique<RunningListener>();
  running->options = prepared.options;
  running->address = BoundAddress(prepared.sockets.front().get());
  if (IsDatagram(prepared.options.transport)) {
    OpenDatagram(*running, std::move(prepared.sockets));
  } else {
    OpenStream(*running, std::move(prepared.sockets.front()), std::move(prepared.tls));
  }
  return running;
}

void NetServerImpl::OpenDatagram(RunningListener& running, std::vector<UniqueFd> sockets) {
  const ListenerOptions& options = running.options;
  for (UniqueFd& socket : sockets) {
    running.receive_buffer = SetReceiveBuffer(socket.get(), options.receive_buffer);
    auto& receiver = running.receivers.emplace_back(std::make_unique<DatagramReceiver>(
        std::move(socket), options.transport, options.name, DatagramSettingsOf(options), sink_, events_));
    receiver->Start();
  }
}

void NetServerImpl::OpenStream(RunningListener& running, UniqueFd socket,
                               std::shared_ptr<const TlsContext> tls) {
  if (tls) events_.CertificateLoaded(running.options.name, tls->not_after(), "");
  running.stream = std::make_shared<StreamListener>(StreamSettings{running.options, zones_}, std::move(tls));
  IoThread& home = *threads_[next_home_++ % threads_.size()];
  running.acceptor = std::make_shared<Acceptor>(std::move(socket), running.stream, home, threads_, events_);
  running.acceptor->Start();
}

void NetServerImpl::CloseListeners(Listeners removed) {
  for (const auto& running : removed) {
    RemoveSocketFile(*running);
    for (const auto& receiver : running->receivers) receiver->Stop(Clock::now() + kRemovalPatience);
    if (!running->acceptor) continue;
    running->stream->Retire();
    running->acceptor->Close();
    for (const auto& thread : threads_) thread->DrainConnections(running->stream);
  }
}

void NetServerImpl::WatchCertificates() {
  std::vector<std::shared_ptr<StreamListener>> watched;
  for (const auto& running : listeners_) {
    if (running->options.transport == Transport::kTls) watched.push_back(running->stream);
  }
  watcher_.Watch(std::move(watched));
}

void NetServerImpl::StopAccepting() {
  const std::lock_guard lock(mutex_);
  for (const auto& running : listeners_) {
    if (started_ && running->acceptor) running->acceptor->Close();
    running->acceptor.reset();
  }
}

void NetServerImpl::Drain(Clock::time_point deadline) {
  StopAccepting();
  watcher_.Stop();
  // Waited for without the lock, so that Status() answers meanwhile. No Reconfigure() comes any more.
  std::vector<DatagramReceiver*> receivers;
  {
    const std::lock_guard lock(mutex_);
    if (std::exchange(drained_, true)) return;
    for (const auto& running : listeners_) {
      for (const auto& receiver : running->receivers) receivers.push_back(receiver.get());
    }
  }
  for (DatagramReceiver* receiver : receivers) receiver->Stop(deadline);
  for (const auto& thread : threads_) thread->Drain(deadline);
  for (const auto& thread : threads_) thread->Join();
  for (DatagramReceiver* receiver : receivers) receiver->Join();
  const std::lock_guard lock(mutex_);
  for (const auto& running : listeners_) RemoveSocketFile(*running);
}

// Unless another listener has taken the socket over.
void NetServerImpl::RemoveSocketFile(const RunningListener& closed) const {
  if (closed.options.transport != Transport::kUnix) return;
  const bool in_use = std::any_of(listeners_.begin(), listeners_.end(), [&](const auto& running) {
    return running.get() != &closed && running->options.unix_path == closed.options.unix_path;
  });
  if (!in_use) ::unlink(closed.options.unix_path.c_str());
}

std::vector<ListenerStatus> NetServerImpl::Status() const {
  const std::lock_guard lock(mutex_);
  std::vector<ListenerStatus> all;
  for (const auto& running : listeners_) {
    ListenerStatus& status = all.emplace_back();
    status.name = running->options.name;
    status.transport = running->options.transport;
    status.address = running->address;
    status.receive_buffer = running->receive_buffer;
    for (const auto& receiver : running->receivers) {
      status.kernel_drops += receiver->kernel_drops();
      status.denied += receiver->denied();
    }
    if (!running->stream) continue;
    status.denied = running->stream->denied();
    status.proxy_refused = running->stream->proxy_refused();
    status.connections = running->stream->connections();
    if (const auto tls = running->stream->tls()) status.certificate_not_after = tls->not_after();
  }
  return all;
}

}  // namespace cistern
