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
  };
  // `numbers`: what was given out last. `now`: ns.
  EventDraft(Parts parts, v1::StoredEventNumbers numbers, std::int64_t now);
  ~EventDraft();

  // Drops the oldest events beyond `most` when `more` come, and those raised before `oldest` (ns); a thousand
  // at most. Before all else.
  Result<void> Trim(std::size_t more, std::size_t most, std::int64_t oldest);

  Result<void> Make(EventChange change);
  // An event to be changed as it is in this draft; null: there is none. Valid as long as the draft.
  Result<v1::StoredEvent*> Open(std::uint64_t id);
  Result<v1::StoredEvent*> OpenNewest(const std::string& rule, const std::string& key);
  v1::StoredEvent& Raise(v1::Event event);
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
  const std::vector<std::uint64_t>& raised() const { return raised_; }  // ids
  // Of an event that was opened or raised.
  const v1::Event& event(std::uint64_t id) const { return touched_.at(id).event(); }

 private:
  Result<void> Drop(const IndexedEvent& entry);
  std::string Mute(const v1::Event& event) const;
  void Merge(v1::StoredEvent& stored, const v1::Event& more);
  void Inhibit(const v1::Event& event, bool inhibits);

  const Parts parts_;
  v1::StoredEventNumbers numbers_;
  const std::int64_t now_;
  std::map<std::uint64_t, v1::StoredEvent> touched_;
  std::map<std::pair<std::string, std::string>, std::uint64_t> newest_;  // of raised_, by rule and key
  std::vector<std::uint64_t> raised_;
  std::size_t dropped_ = 0;                            // from the front of the index
  std::uint64_t dropped_through_ = 0;                  // ids
  std::vector<ObjectChange> objects_;                  // beside the events themselves
  std::vector<std::pair<v1::Event, bool>> inhibited_;  // what was done there, to be undone
};

}  // namespace cistern
