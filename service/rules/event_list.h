// Events of a test or a rehearsal, folded as the store of events would fold them.
//
// The first `most` are kept whole; those behind are counted, and what is added to them is not looked at.
// Threads: one at a time.
#pragma once

#include <cstdint>
#include <string>
#include <unordered_map>
#include <vector>

#include "service/events/event_change.h"

namespace cistern {

class EventList {
 public:
  explicit EventList(std::size_t most) : most_(most) {}

  // `now`: when it is noticed, ns. The event as it is then, when there is one that is new or just over;
  // valid until the next call.
  const v1::Event* Take(const EventChange& change, std::int64_t now);

  // In the order in which they were raised; ids count from 1.
  const std::vector<v1::Event>& events() const { return events_; }
  std::uint64_t raised() const { return raised_; }

 private:
  const v1::Event* Raise(const v1::Event& event, std::int64_t now);
  void Add(const v1::Event& more, std::int64_t now);
  const v1::Event* Resolve(const v1::Event& last, std::int64_t now);
  v1::Event* Newest(const v1::Event& like);

  const std::size_t most_;
  std::vector<v1::Event> events_;
  // By rule and key: the place of the newest, or one that is not kept.
  std::unordered_map<std::string, std::size_t> newest_;
  std::uint64_t raised_ = 0;
  v1::Event beyond_;  // the last one that is not kept
};

}  // namespace cistern
