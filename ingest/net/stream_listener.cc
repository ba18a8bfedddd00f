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
  const bool load_balancer = options.senders.load_balancers.Contains(peer);
  if (!load_balancer && !options.senders.Allows(peer)) return Admission::kDenied;
  if (options.max_connections > 0 && connections_ >= options.max_connections) return Admission::kTotalLimit;
  const Admission admission = load_balancer ? Admission::kAwaitsHeader : CountSender(peer);
  if (admission != Admission::kPeerLimit) ++connections_;
  return admission;
}

StreamListener::Admission StreamListener::AdmitSender(const IpAddress& sender) {
  const std::lock_guard lock(mutex_);
  return settings_->options.senders.Allows(sender) ? CountSender(sender) : Admission::kDenied;
}

// With the lock.
StreamListener::Admission StreamListener::CountSender(const IpAddress& sender) {
  const int limit = settings_->options.max_connections_per_peer;
  int& of_sender = per_peer_[sender];
  if (limit > 0 && of_sender >= limit) return Admission::kPeerLimit;
  ++of_sender;
  return Admission::kAdmitted;
}

void StreamListener::Release(const IpAddress* sender) {
  const std::lock_guard lock(mutex_);
  --connections_;
  if (!sender) return;
  const auto found = per_peer_.find(*sender);
  if (found != per_peer_.end() && --found->second <= 0) per_peer_.erase(found);
}

void StreamListener::CountClosed(CloseReason reason) {
  if (reason == CloseReason::kDenied) denied_.fetch_add(1, std::memory_order_relaxed);
  if (reason == CloseReason::kProxyRefused) proxy_refused_.fetch_add(1, std::memory_order_relaxed);
}

int StreamListener::connections() const {
  const std::lock_guard lock(mutex_);
  return connections_;
}

}  // namespace cistern
