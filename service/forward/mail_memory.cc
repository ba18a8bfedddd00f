#include "service/forward/mail_memory.h"

#include <algorithm>

#include "cistern/v1/stored.pb.h"

namespace cistern {

MailMemory::MailMemory(const std::string& state, std::uint64_t epoch) : epoch_(epoch) {
  v1::StoredDigests stored;
  if (!stored.ParseFromString(state) || stored.epoch() != epoch) return;
  for (const v1::StoredDigest& group : stored.groups())
    groups_[group.key()] = {group.mailed_through(), group.due()};
}

std::string MailMemory::Save(const MailGroups& groups) const {
  if (groups_.empty() && groups.all().empty()) return {};
  std::map<std::string, Remembered> all = groups_;
  for (const auto& [key, group] : groups.all()) all[key].due = group.due;
  v1::StoredDigests stored;
  stored.set_epoch(epoch_);
  for (const auto& [key, remembered] : all) {
    v1::StoredDigest& group = *stored.add_groups();
    group.set_key(key);
    group.set_mailed_through(remembered.mailed_through);
    group.set_due(remembered.due);
  }
  return stored.SerializeAsString();
}

bool MailMemory::Mailed(const std::string& key, std::uint64_t id) const {
  const auto at = groups_.find(key);
  return at != groups_.end() && id <= at->second.mailed_through;
}

std::int64_t MailMemory::Due(const std::string& key) const {
  const auto at = groups_.find(key);
  return at == groups_.end() ? 0 : at->second.due;
}

void MailMemory::NoteMailed(const std::string& key, std::uint64_t through) {
  groups_[key] = {through, 0};
  if (groups_.size() <= kMostGroups) return;
  groups_.erase(std::min_element(groups_.begin(), groups_.end(), [](const auto& a, const auto& b) {
    return a.second.mailed_through < b.second.mailed_through;
  }));
}

void MailMemory::Forget(std::uint64_t oldest) {
  std::erase_if(groups_, [&](const auto& group) { return group.second.mailed_through < oldest; });
}

}  // namespace cistern
