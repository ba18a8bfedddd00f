// Changes of events on their way into one transaction.
//
// Threads: one, which alone changes what the parts name. Nothing but the inhibitions is touched before
// Apply(), and those are put back when it is not called.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "cistern/v1/stored.pb.h"
#include "service/events/event_cap.h"
#include "service/events/event_change.h"
#include "service/events/event_index.h"
#include "service/events/inhibitions.h"
#include "service/events/silences.h"
#include "storage/store.h"

namespace cistern {

class EventDraft {
 public:
  struct Parts {
    Store& store;
    EventIndex& index;
    const Silences& silences;
    Inhibitions& inhibitions;
    const std::string& hostname;
    const EventCap& cap;
    std::size_t most;  // events that are kept
  };
  // `numbers`: what was given out last. `now`: ns.
  EventDraft(Parts parts, v1::StoredEventNumbers numbers, std::int64_t now);
  ~EventDraft();

  // Drops the oldest events beyond `most`, and those raised before `oldest` (ns); a thousand at most. What is
  // raised later drops more, so that there never come to be more than `most`. Before all else.
  Result<void> Trim(std::int64_t oldest);

  // What is beyond the cap of its rule, or for an event that is gone, is counted and nothing else.
  // `passing`: what raised it knows it in memory only.
  Result<void> Make(EventChange change, bool passing);
  // An event to be changed as it is in this draft; null: there is none. Valid as long as the draft.
  Result<v1::StoredEvent*> Open(std::uint64_t id);
  Result<v1::StoredEvent*> OpenNewest(const std::string& rule, const std::string& key);
  Result<v1::StoredEvent*> Raise(v1::Event event);
  void Add(v1::StoredEvent& stored, const v1::Event& more);
  void Resolve(v1::StoredEvent& stored, std::int64_t time);
  void Reopen(v1::StoredEvent& stored);
  // Its record, as it is now, is to be written.
  void Write(const v1::Event& event, bool again);
  // The event was raised, or added to, by this request.
  void Remember(v1::StoredEvent& stored, const std::string& request_id);

  // What is to be written, with `also`. Once, at the end.
  StateChange Finish(StateChange also);
  // It is written: the index takes it over.
  void Apply();

  bool empty() const { return touched_.empty() && objects_.empty(); }
  const v1::StoredEventNumbers& numbers() const { return numbers_; }
  struct Raised {
    std::uint64_t id = 0;
    std::uint32_t severity = 0;
    bool muted = false;
  };
  const std::vector<Raised>& raised() const { return raised_; }
  const EventCap::Tallies& tallies() const { return tallies_; }
  // How often there was more for an event that is gone.
  std::uint64_t unplaced() const { return unplaced_; }
  // Of an event that was opened or raised.
  const v1::Event& event(std::uint64_t id) const { return touched_.at(id).event(); }

 private:
  std::size_t kept() const;
  Result<void> DropOldest();
  Result<void> Drop(const IndexedEvent& entry);
  void Forget(const v1::StoredEvent& stored);
  bool MayRaise(const v1::Event& event);
  std::string Mute(const v1::Event& event) const;
  void Merge(v1::StoredEvent& stored, const v1::Event& more);
  void Inhibit(const v1::Event& event, bool inhibits);

  const Parts parts_;
  v1::StoredEventNumbers numbers_;
  const std::int64_t now_;
  std::map<std::uint64_t, v1::StoredEvent> touched_;
  std::map<std::pair<std::string, std::string>, std::uint64_t> newest_;  // of raised_, by rule and key
  std::vector<Raised> raised_;
  EventCap::Tallies tallies_;
  std::uint64_t unplaced_ = 0;
  std::size_t dropped_ = 0;                            // from the front of the index
  std::size_t dropped_raised_ = 0;                     // from the front of raised_
  std::uint64_t dropped_through_ = 0;                  // ids
  std::vector<ObjectChange> objects_;                  // beside the events themselves
  std::vector<std::pair<v1::Event, bool>> inhibited_;  // what was done there, to be undone
};

}  // namespace cistern
