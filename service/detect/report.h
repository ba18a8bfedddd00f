// Counts records by intervals and reports at their ends.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "service/detect/event_writer.h"
#include "service/detect/item.h"
#include "service/detect/plan.h"

namespace cistern::detect {

// What a report may say about another rule, at its end of the interval.
struct Counters {
  std::uint64_t events = 0, expired = 0;  // since the rule was made
  std::uint64_t open = 0;                 // now
};
using CountersOf = std::function<Counters(const std::string& rule)>;

class Report {
 public:
  Report(const Plan& plan, EventWriter& events);

  void Begin(std::int64_t time);
  // In any order, as long as the interval has not ended.
  void Take(const Item& item);
  // The end of the interval that has begun; kNever: the rule has not.
  std::int64_t next_end() const { return next_end_; }
  // Reports it.
  void EndInterval(const CountersOf& counters);

  // Nothing came in more than `kMostEmpty` intervals that end before `bound`: the last of them is the next to
  // end, and is reported as one with those before. Else false.
  static constexpr std::int64_t kMostEmpty = 24;
  bool SkipEmpty(std::int64_t bound);
  // All times it keeps are less by that, ns; intervals still end at multiples of their length.
  void SetBack(std::int64_t span);

  std::size_t bytes() const;
  std::uint64_t TakeEvicted() { return std::exchange(evicted_, 0); }
  void Save(v1::StoredDetection& out) const;
  bool Load(const v1::StoredDetection& in);

 private:
  struct Interval {
    std::uint64_t records = 0, octets = 0;
    std::vector<std::uint64_t> counts;
    std::map<std::string, std::uint64_t> top;
  };

  Interval& IntervalOf(std::int64_t end);
  std::string TopText(const Interval& interval) const;
  void AddCounters(const CountersOf& counters, Happening& happening);

  const Plan& plan_;
  const v1::ReportRule& rule_;
  EventWriter& events_;
  // By name: of which rule.
  const std::map<std::string, std::string> of_events_, of_expired_, of_open_;
  std::map<std::int64_t, Interval> intervals_;  // by their end
  std::vector<std::uint64_t> counters_;         // as of the last end: of_events_, then of_expired_
  std::int64_t next_end_ = kNever, start_ = 0;  // start_: of the interval that has begun
  std::uint64_t evicted_ = 0;
};

}  // namespace cistern::detect
