// How many events a rule may raise: so many a minute, by the times of the events, so that what waits to be
// looked at after an outage counts as it would have then.
//
// Threads: none of its own; the store of events guards it. Memory: a few hundred octets a rule that raised
// something. A restart forgets what was raised.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace cistern {

class EventCap {
 public:
  struct Tally {
    std::uint64_t raised = 0, suppressed = 0;
  };
  // By rule and minute.
  using Tallies = std::map<std::pair<std::string, std::int64_t>, Tally>;

  explicit EventCap(std::uint64_t most) : most_(most) {}

  void SetMost(std::uint64_t most) { most_ = most; }
  std::uint64_t most() const { return most_; }

  // The minute that an event of the time `ns` counts in: its own, unless that is long over.
  std::int64_t MinuteOf(const std::string& rule, std::int64_t ns) const;
  std::uint64_t Raised(const std::string& rule, std::int64_t minute) const;
  // What came of one commit. Returns the rules that went beyond the cap and did not in the minute before.
  std::vector<std::string> Enter(const Tallies& tallies);
  // Forgets all rules but those that `keep` says.
  template <class Keep>
  void KeepOnly(Keep keep) {
    std::erase_if(rules_, [&](const auto& rule) { return !keep(rule.first); });
  }

 private:
  struct Rule {
    std::map<std::int64_t, std::uint64_t> raised;  // by minute; the newest
    std::int64_t beyond = INT64_MIN;               // the newest minute in which there were too many
  };

  std::uint64_t most_;
  std::map<std::string, Rule> rules_;
};

}  // namespace cistern
