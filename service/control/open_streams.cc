#include "service/control/log_context.h"

namespace cistern {

bool OpenStreams::Add(std::shared_ptr<OpenStream> stream) {
  std::lock_guard lock(mutex_);
  if (static_cast<int>(streams_.size()) >= limit_) return false;
  keys_.push_back(stream.get());
  streams_.push_back(std::move(stream));
  return true;
}

void OpenStreams::Remove(const OpenStream* stream) {
  std::lock_guard lock(mutex_);
  for (std::size_t i = 0; i < keys_.size(); ++i) {
    if (keys_[i] != stream) continue;
    keys_.erase(keys_.begin() + static_cast<std::ptrdiff_t>(i));
    streams_.erase(streams_.begin() + static_cast<std::ptrdiff_t>(i));
    return;
  }
}

void OpenStreams::ForEach(const std::function<void(OpenStream&)>& call) {
  std::vector<std::shared_ptr<OpenStream>> alive;
  {
    std::lock_guard lock(mutex_);
    for (const auto& weak : streams_) {
      if (auto stream = weak.lock()) alive.push_back(std::move(stream));
    }
  }
  for (const auto& stream : alive) call(*stream);
}

int OpenStreams::size() const {
  std::lock_guard lock(mutex_);
  return static_cast<int>(streams_.size());
}

}  // namespace cistern
