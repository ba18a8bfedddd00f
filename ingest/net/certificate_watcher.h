// Notices that the certificate files of TLS listeners have changed and swaps the new pair in.
//
// A change is acted upon when the files were the same at two checks in a row, so that a pair that is being
// replaced file by file is not read half way. Threads: its own; the methods from any thread.
#pragma once

#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "ingest/net/sink.h"
#include "ingest/net/stream_listener.h"
#include "ingest/net/tls_context.h"

namespace cistern {

class CertificateWatcher {
 public:
  CertificateWatcher(std::chrono::milliseconds interval, IngestEvents& events);
  ~CertificateWatcher();

  // Watches exactly these TLS listeners from now on, as their files are at this moment.
  void Watch(std::vector<std::shared_ptr<StreamListener>> listeners);
  void Stop();

 private:
  struct Watched {
    std::shared_ptr<StreamListener> listener;
    TlsFilesStamp loaded;  // what was last read, well or not
    TlsFilesStamp seen;    // at the previous check
  };
  void Run();
  void Check(Watched& watched);

  const std::chrono::milliseconds interval_;
  IngestEvents& events_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<Watched> watched_;  // guarded by mutex_
  bool stopping_ = false;         // guarded by mutex_
  std::thread thread_;            // started by the first Watch() of something
};

}  // namespace cistern
