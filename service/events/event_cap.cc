#include "service/events/event_cap.h"

#include <algorithm>

namespace cistern {
namespace {

constexpr std::int64_t kMinute = 60'000'000'000;
// Events come in about the order of their times; message times are trusted within five minutes.
constexpr std::int64_t kMinutes = 16;
// Older than this: the clock was set back.
constexpr std::int64_t kLongOver = 60;

}  // namespace

std::int64_t EventCap::MinuteOf(const std::string& rule, std::int64_t ns) const {
  const std::int64_t minute = ns / kMinute;
  const auto known = rules_.find(rule);
  if (known == rules_.end() || known->second.raised.empty()) return minute;
  const std::int64_t newest = known->second.raised.rbegin()->first;
  return minute + kLongOver < newest ? minute : std::max(minute, newest - kMinutes + 1);
}

std::uint64_t EventCap::Raised(const std::string& rule, std::int64_t minute) const {
  const auto known = rules_.find(rule);
  if (known == rules_.end()) return 0;
  const auto raised = known->second.raised.find(minute);
  return raised == known->second.raised.end() ? 0 : raised->second;
}

std::vector<std::string> EventCap::Enter(const Tallies& tallies) {
  std::vector<std::string> began;
  for (const auto& [place, tally] : tallies) {
    const auto& [name, minute] = place;
    Rule& rule = rules_[name];
    auto& raised = rule.raised;
    if (!raised.empty() && minute + kLongOver < raised.rbegin()->first) raised.clear();
    raised[minute] += tally.raised;
    while (raised.begin()->first + kMinutes <= raised.rbegin()->first) raised.erase(raised.begin());
    if (tally.suppressed == 0) continue;
    if (minute - 1 > rule.beyond && (began.empty() || began.back() != name)) began.push_back(name);
    rule.beyond = std::max(rule.beyond, minute);
  }
  return began;
}

}  // namespace cistern
