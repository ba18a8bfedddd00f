#include "service/cursor/positions.h"

#include <utility>
#include <vector>

namespace cistern {

std::optional<RecordId> CursorPositions::Get(const std::string& name) {
  {
    std::lock_guard lock(mutex_);
    if (const auto it = entries_.find(name); it != entries_.end()) return it->second.position;
  }
  return store_.GetCursor(name);
}

void CursorPositions::Advance(const std::string& name, RecordId position) {
  std::lock_guard lock(mutex_);
  Entry& entry = entries_[name];
  if (position <= entry.position) return;
  entry.position = position;
  entry.dirty = true;
}

Result<void> CursorPositions::Save() {
  std::vector<std::pair<std::string, RecordId>> moved;
  {
    std::lock_guard lock(mutex_);
    for (auto& [name, entry] : entries_) {
      if (std::exchange(entry.dirty, false)) moved.emplace_back(name, entry.position);
    }
  }
  if (moved.empty()) return {};
  auto saved = store_.PutCursors(moved);
  if (!saved) {
    std::lock_guard lock(mutex_);
    for (const auto& [name, position] : moved) entries_[name].dirty = true;
  }
  return saved;
}

}  // namespace cistern
