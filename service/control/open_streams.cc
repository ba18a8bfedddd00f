#include <vector>

#include "service/control/log_context.h"

namespace cistern {

bool OpenStreams::Add(std::shared_ptr<OpenStream> stream) {
  std::lock_guard lock(mutex_);
  if (static_cast<int>(streams_.size()) >= limit_) return false;
  const OpenStream* key = stream.get();
  streams_.emplace(key, std::move(stream));
  return true;
}

void OpenStreams::Remove(const OpenStream* stream) {
  std::lock_guard lock(mutex_);
  streams_.erase(stream);
}

void OpenStreams::ForEach(const std::function<void(OpenStream&)>& call) {
  std::vector<std::shared_ptr<OpenStream>> alive;
  {
    std::lock_guard lock(mutex_);
    for (const auto& [key, weak] : streams_) {
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
