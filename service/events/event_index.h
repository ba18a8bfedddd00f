// What is known of all events without reading them: enough to choose among them.
//
// Threads: none of its own; the store of events guards it.
#pragma once

#include <absl/container/btree_map.h>
#include <absl/container/flat_hash_map.h>

#include <cstdint>
#include <deque>
#include <map>
#include <string>
#include <string_view>

#include "cistern/v1/event.pb.h"

namespace cistern {

struct IndexedEvent {
  std::uint64_t id = 0;
  std::uint64_t change = 0;
  std::uint64_t key = 0;              // hash of rule and key
  std::int64_t first = 0, last = 0;   // ns
  std::int64_t created = 0;           // ns
  const std::string* rule = nullptr;  // the index's
  v1::Event::State state = v1::Event::STATE_OPEN;
  std::uint8_t severity = 0;
  bool requested = false;  // has request ids
};

class EventIndex {
 public:
  EventIndex();

  // New, with a larger id than all others, or changed.
  void Put(const v1::Event& event, std::uint64_t change, bool requested);
  // Forgets the event with the smallest id.
  void PopOldest();

  const IndexedEvent* Find(std::uint64_t id) const;
  // The newest event of that rule and key; 0: none. Equal hashes are taken for equal.
  std::uint64_t Newest(std::string_view rule, std::string_view key) const;
  std::uint64_t HashOf(std::string_view rule, std::string_view key) const;

  const std::deque<IndexedEvent>& events() const { return events_; }  // ascending by id
  const absl::btree_map<std::uint64_t, std::uint64_t>& by_change() const { return by_change_; }  // to the id
  std::uint64_t open() const { return open_; }

 private:
  IndexedEvent* FindMutable(std::uint64_t id);
  const std::string* Hold(const std::string& rule);
  void Release(const std::string* rule);

  const std::uint64_t seed_;
  std::deque<IndexedEvent> events_;
  absl::btree_map<std::uint64_t, std::uint64_t> by_change_;
  absl::flat_hash_map<std::uint64_t, std::uint64_t> newest_;  // by hash, the id
  std::map<std::string, std::size_t, std::less<>> rules_;     // with the number of their events
  std::uint64_t open_ = 0;
};

}  // namespace cistern
