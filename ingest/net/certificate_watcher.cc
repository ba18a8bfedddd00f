#include "ingest/net/certificate_watcher.h"

#include <utility>

namespace cistern {

CertificateWatcher::CertificateWatcher(std::chrono::milliseconds interval, IngestEvents& events)
    : interval_(interval), events_(events) {}

CertificateWatcher::~CertificateWatcher() { Stop(); }

void CertificateWatcher::Watch(std::vector<std::shared_ptr<StreamListener>> listeners) {
  const std::lock_guard lock(mutex_);
  watched_.clear();
  for (auto& listener : listeners) {
    const auto stamp = TlsFilesStamp::Of(listener->settings()->options.tls);
    watched_.push_back({std::move(listener), stamp, stamp});
  }
  if (!watched_.empty() && !thread_.joinable() && !stopping_) thread_ = std::thread([this] { Run(); });
}

void CertificateWatcher::Stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    changed_.notify_one();
  }
  if (thread_.joinable()) thread_.join();
}

void CertificateWatcher::Run() {
  std::unique_lock lock(mutex_);
  while (!changed_.wait_for(lock, interval_, [this] { return stopping_; })) {
    for (Watched& watched : watched_) Check(watched);
  }
}

void CertificateWatcher::Check(Watched& watched) {
  const TlsOptions options = watched.listener->settings()->options.tls;
  const TlsFilesStamp now = TlsFilesStamp::Of(options);
  const bool settled = now == watched.seen;
  watched.seen = now;
  if (!settled || now == watched.loaded) return;
  watched.loaded = now;
  auto context = TlsContext::Load(options);
  if (context.has_error()) {
    events_.CertificateLoaded(watched.listener->name(), 0, context.error());
    return;
  }
  watched.listener->UseTls(*context);
  events_.CertificateLoaded(watched.listener->name(), (*context)->not_after(), "");
}

}  // namespace cistern
