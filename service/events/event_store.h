// Events: kept in the store's catalog, written to the log as records, muted by silences and inhibition.
//
// Threads: any, but for Open(), Start() and Stop(). Changes happen one at a time and wait for the disk; what
//   only reads never waits for a change.
// Durability: a change is on disk when its call returns, all of it or nothing. Records of events are written
//   by a thread of its own, each exactly once, also over a crash.
// Bounds: the newest `max_count` events, none older than `max_age`; about 100 octets of memory an event.
//   A rule raises at most `max_per_minute`; what is beyond it is counted. While kMostRows records wait to be
//   written, changes are refused with kBusy, after a second in which they may get room.
#pragma once

#include <array>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "cistern/v1/stored.pb.h"
#include "service/events/event_cap.h"
#include "service/events/event_change.h"
#include "service/events/event_error.h"
#include "service/events/event_index.h"
#include "service/events/inhibitions.h"
#include "service/events/silence_doubts.h"
#include "service/events/silences.h"
#include "storage/store.h"

namespace cistern {

class EventDraft;
class EventInbox;
class EventOutbox;
class Pipeline;
struct WrittenRow;

// Which events; all parts must fit.
struct EventQuery {
  std::string rule;                                          // may hold `*`; empty: any
  std::vector<v1::Event::State> states;                      // none: any
  std::optional<std::uint32_t> severity;                     // this or a more severe one
  std::string key;                                           // empty: any
  std::int64_t last_from = INT64_MIN, first_to = INT64_MAX;  // ns: last >= last_from, first < first_to
};

// What an add-on raises: rule, severity, key, summary, fields and record_ids of `event`.
struct AddOnEvent {
  v1::Event event;
  std::string request_id;              // empty: none
  std::chrono::nanoseconds repeat{0};  // 0: always an event of its own
};

struct EventFigures {
  std::uint64_t kept = 0, open = 0;            // now; open: not resolved
  std::uint64_t raised = 0, muted = 0;         // since the start
  std::array<std::uint64_t, 8> by_severity{};  // of `raised`
  std::uint64_t lost = 0;                      // by Raise(), for want of room
  std::uint64_t unplaced = 0;                  // times there was more for an event that is gone
  // Events that were not raised, by rule, because it raised so many.
  std::map<std::string, std::uint64_t> suppressed;
};

class EventStore {
 public:
  template <class T>
  using Outcome = Result<T, ChangeError>;
  struct Limits {
    std::size_t max_count = 100'000;
    std::chrono::seconds max_age = std::chrono::hours(24 * 90);
    std::uint64_t max_per_minute = 1000;  // of a rule
  };
  static constexpr std::uint64_t kMostRows = 10'000;
  static constexpr std::size_t kMaxSilences = 1000, kMaxNotes = 100;

  // `store` outlives this object. `hostname`: of the records.
  EventStore(Store& store, Limits limits, WallClock clock, std::string hostname);
  ~EventStore();

  // Takes what the store has; call once, before all else.
  Result<void> Open();
  // From now on records are written. `pipeline` outlives Stop().
  void Start(Pipeline& pipeline);
  // Writes what is there, at most until `deadline`; the rest is written after the next start.
  void Stop(std::chrono::steady_clock::time_point deadline);
  void SetLimits(Limits limits);
  // The rules in force: which inhibit which, and names that add-ons may not use.
  void SetRules(std::span<const v1::Rule> rules);

  // Makes all of the changes, in order, and writes `also` in the same transaction. An error is one of the
  // store, and then nothing was changed.
  Result<void> Commit(std::vector<EventChange> changes, StateChange also);
  // For whoever must not wait: committed by a thread of this object, soon. A crash may lose it; at most 4096
  // new events wait, beyond it they are counted as lost. Such events are resolved by Open() when nobody else
  // did: who raised them does not know of them any more.
  void Raise(EventChange change);
  // For add-ons; the event as it is now. A request_id that one of the newest 64 requests of an event had
  // gives that event, unchanged.
  Outcome<v1::Event> Raise(const AddOnEvent& request);

  Outcome<v1::Event> Get(std::uint64_t id);
  struct Page {
    std::vector<v1::Event> events;  // descending by id
    std::uint64_t before = 0;       // continues the list; 0: this is the end
  };
  // Events with smaller ids than `before` (0: all), at most `limit` or about 1 MiB.
  Outcome<Page> List(const EventQuery& query, std::uint64_t before, std::size_t limit);
  struct Changes {
    std::vector<v1::Event> events;       // ascending by change
    std::vector<std::uint64_t> changes;  // of each event: the number of its change
    std::uint64_t last = 0;              // number of the last change that was looked at
    bool more = false;                   // there are more by now
  };
  // Events that changed behind `after`, as they are now, at most `limit` or about 1 MiB.
  Outcome<Changes> ChangedAfter(std::uint64_t after, const EventQuery& query, std::size_t limit);
  // The number of the newest change; change numbers only grow, over restarts too.
  std::uint64_t last_change() const;
  // Called after each change, on the thread that made it; must not block. One at most; empty: nobody.
  void SetListener(std::function<void()> changed);

  // All or none; `who` stands in the notes, an empty note is none. What is resolved stays so.
  Outcome<std::vector<v1::Event>> Acknowledge(std::span<const std::uint64_t> ids, const std::string& note,
                                              const std::string& who);
  Outcome<std::vector<v1::Event>> Resolve(std::span<const std::uint64_t> ids, const std::string& note,
                                          const std::string& who);
  // Their records are written once more, as they are now, and are not muted.
  Outcome<std::vector<v1::Event>> Redeliver(std::span<const std::uint64_t> ids, const std::string& note,
                                            const std::string& who);

  std::vector<v1::Silence> ListSilences(bool expired);  // by name
  // The answer has `warnings`.
  Outcome<v1::Silence> PutSilence(v1::Silence silence);
  Outcome<void> EndSilence(const std::string& name);

  EventFigures figures() const;
  // Forgets what is too old. Call now and then.
  Result<void> Tick();

 private:
  Result<void> Load(std::vector<std::uint64_t>* passing);
  Result<void> ResolvePassing(std::span<const std::uint64_t> ids);
  Result<void> CommitChanges(std::vector<EventChange> changes, StateChange also, bool passing);
  Result<void> LoadSilences();
  Result<void> FinishRows();
  Result<void> WaitForRoom();
  Result<void> Settle(std::span<const WrittenRow> written);
  Result<std::vector<v1::Event>> Read(const std::vector<std::uint64_t>& ids, std::size_t* read);
  void Changed();
  Outcome<std::vector<v1::Event>> Change(std::span<const std::uint64_t> ids, const std::string& note,
                                         const std::string& who,
                                         const std::function<void(EventDraft&, v1::StoredEvent&)>& change);

  // `change_mutex_` is held.
  EventDraft NewDraft();
  void Enter(const EventDraft& draft);
  Result<void> Trim(EventDraft& draft);
  Result<void> Keep(EventDraft& draft, StateChange also);
  Outcome<std::uint64_t> FindRequest(const std::string& request_id);
  Result<std::uint64_t> MakeRequested(EventDraft& draft, const AddOnEvent& request);
  void FillInhibitions();
  Result<void> WriteSilence(const v1::Silence& silence);
  KnownEvents Known();

  Store& store_;
  const WallClock clock_;
  const std::string hostname_;
  std::mutex change_mutex_;         // one change at a time; taken before mutex_
  Inhibitions inhibitions_;         // guarded by change_mutex_
  v1::StoredEventNumbers numbers_;  // likewise
  EventCap cap_;                    // likewise
  mutable std::mutex mutex_;        // guards what follows; what changes under change_mutex_ alone needs
                                    // only that to be read there
  Limits limits_;
  EventIndex index_;
  Silences silences_;
  std::set<std::string> rule_names_, event_fields_;
  EventFigures figures_;
  std::uint64_t last_change_ = 0;
  std::uint64_t last_row_ = 0, written_row_ = 0;  // as they are in the catalog
  std::condition_variable row_written_;
  std::function<void()> listener_;
  std::unique_ptr<EventOutbox> outbox_;  // between Start() and Stop()
  std::unique_ptr<EventInbox> inbox_;    // likewise
};

}  // namespace cistern
