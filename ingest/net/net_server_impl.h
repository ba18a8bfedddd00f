// Implementation of NetServer: the threads, the listeners, and how both are changed.
#pragma once

#include <memory>
#include <mutex>
#include <vector>

#include "ingest/net/certificate_watcher.h"
#include "ingest/net/io_thread.h"
#include "ingest/net/net_server.h"
#include "ingest/net/running_listener.h"

namespace cistern {

class NetServerImpl : public NetServer {
 public:
  NetServerImpl(Options options, BatchSink& sink, IngestEvents& events);
  ~NetServerImpl() override;

  Result<void, ListenError> Start(std::vector<ListenerOptions> listeners) override;
  Result<void, ListenError> Reconfigure(std::vector<ListenerOptions> listeners,
                                        std::shared_ptr<const ZoneTable> zones) override;
  void StopAccepting() override;
  void Drain(std::chrono::steady_clock::time_point deadline) override;
  std::vector<ListenerStatus> Status() const override;

 private:
  using Listeners = std::vector<std::unique_ptr<RunningListener>>;

  void Apply(std::vector<PreparedListener> plan);
  void Keep(PreparedListener prepared);
  std::unique_ptr<RunningListener> Open(PreparedListener prepared);
  void OpenDatagram(RunningListener& running, std::vector<UniqueFd> sockets);
  void OpenStream(RunningListener& running, UniqueFd socket, std::shared_ptr<const TlsContext> tls);
  void CloseListeners(Listeners removed);
  void RemoveSocketFile(const RunningListener& closed) const;
  void WatchCertificates();
  DatagramSettings DatagramSettingsOf(const ListenerOptions& options) const;

  const Options options_;
  BatchSink& sink_;
  IngestEvents& events_;
  std::vector<std::shared_ptr<IoThread>> threads_;  // constant after construction
  CertificateWatcher watcher_;

  mutable std::mutex mutex_;  // guards what follows
  std::shared_ptr<const ZoneTable> zones_;
  Listeners listeners_;
  std::size_t next_home_ = 0;  // acceptors are spread over the threads
  bool started_ = false;
  bool drained_ = false;
};

}  // namespace cistern
