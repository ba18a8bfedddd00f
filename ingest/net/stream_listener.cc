#include "ingest/net/stream_listener.h"

#include <utility>

namespace cistern {

StreamListener::StreamListener(StreamSettings settings, std::shared_ptr<const TlsContext> tls)
    : name_(settings.options.name),
      transport_(settings.options.transport),
      settings_(std::make_shared<const StreamSettings>(std::move(settings))),
      tls_(std::move(tls)) {}

std::shared_ptr<const StreamSettings> StreamListener::settings() const {
  const std::lock_guard lock(mutex_);
  return settings_;
}

std::shared_ptr<const TlsContext> StreamListener::tls() const {
  const std::lock_guard lock(mutex_);
  return tls_;
}

void StreamListener::Apply(StreamSettings settings) {
  auto shared = std::make_shared<const StreamSettings>(std::move(settings));
  const std::lock_guard lock(mutex_);
  settings_ = std::move(shared);
  version_.fetch_add(1, std::memory_order_release);
}

void StreamListener::UseTls(std::shared_ptr<const TlsContext> tls) {
  const std::lock_guard lock(mutex_);
  tls_ = std::move(tls);
}

StreamListener::Admission StreamListener::Admit(const IpAddress& peer) {
  const std::lock_guard lock(mutex_);
  const ListenerOptions& options = settings_->options;
  if (options.max_connections > 0 && connections_ >= options.max_connections) return Admission::kTotalLimit;
  int& of_peer = per_peer_[peer];
  if (options.max_connections_per_peer > 0 && of_peer >= options.max_connections_per_peer)
    return Admission::kPeerLimit;
  ++of_peer;
  ++connections_;
  return Admission::kAdmitted;
}

void StreamListener::Release(const IpAddress& peer) {
  const std::lock_guard lock(mutex_);
  --connections_;
  const auto found = per_peer_.find(peer);
  if (found != per_peer_.end() && --found->second <= 0) per_peer_.erase(found);
}

int StreamListener::connections() const {
  const std::lock_guard lock(mutex_);
  return connections_;
}

}  // namespace cistern
