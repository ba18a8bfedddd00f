#include "storage/sqlite/recent_commits.h"

#include <algorithm>
#include <utility>

namespace cistern {

std::vector<RecentCommits::Commit> RecentCommits::Add(Commit commit) {
  std::vector<Commit> gone;
  if (!wanted_) {
    gone.push_back(std::move(commit));
    return gone;
  }
  bytes_ += commit->bytes;
  commits_.push_back(std::move(commit));
  while (bytes_ > max_bytes_ && commits_.size() > 1) {
    bytes_ -= commits_.front()->bytes;
    gone.push_back(std::move(commits_.front()));
    commits_.pop_front();
  }
  return gone;
}

RecentCommits::Commit RecentCommits::Holding(std::uint64_t id) {
  wanted_ = asked_ = true;
  const auto found = std::partition_point(commits_.begin(), commits_.end(),
                                          [id](const Commit& commit) { return ToInt(commit->last_id) < id; });
  return found != commits_.end() && ToInt((*found)->first_id) <= id ? *found : nullptr;
}

std::vector<RecentCommits::Commit> RecentCommits::DropThrough(std::uint64_t last_id) {
  std::vector<Commit> gone;
  while (!commits_.empty() && ToInt(commits_.front()->first_id) <= last_id) {
    bytes_ -= commits_.front()->bytes;
    gone.push_back(std::move(commits_.front()));
    commits_.pop_front();
  }
  return gone;
}

std::vector<RecentCommits::Commit> RecentCommits::DropUnasked() {
  if (std::exchange(asked_, false)) return {};
  wanted_ = false;
  return DropThrough(UINT64_MAX);
}

}  // namespace cistern
