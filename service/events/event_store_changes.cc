// Every change of events and silences.
#include <spdlog/spdlog.h>

#include <algorithm>

#include "cistern/v1/rule.pb.h"
#include "proto/convert/record.h"
#include "proto/convert/utf8.h"
#include "service/events/event_draft.h"
#include "service/events/event_inbox.h"
#include "service/events/event_names.h"
#include "service/events/event_outbox.h"
#include "service/events/event_store.h"
#include "service/forward/spec.h"

namespace cistern {
namespace {

constexpr std::size_t kLongestKey = 1024, kLongestText = 4096, kMostFields = 64, kLargestFields = 16 << 10;
constexpr int kMostSamples = 20;

std::string CheckAddOn(const AddOnEvent& request) {
  const v1::Event& event = request.event;
  if (!IsTargetName(event.rule())) return "rule: 1 to 63 small letters, digits, `-` and `_`";
  if (event.severity() > 7) return "severity: 0 to 7";
  if (event.key().size() > kLongestKey) return "key: at most 1024 octets";
  if (event.summary().size() > kLongestText) return "summary: at most 4096 octets";
  if (event.fields().size() > kMostFields) return "fields: at most 64";
  std::size_t size = 0;
  for (const auto& [name, value] : event.fields()) {
    if (name.empty() || name.size() > 57) return "fields: a name has 1 to 57 octets";
    size += name.size() + value.size();
  }
  if (size > kLargestFields) return "fields: together at most 16 KiB";
  if (event.record_ids_size() > kMostSamples) return "record_ids: at most 20";
  if (request.request_id.size() > 128) return "request_id: at most 128 octets";
  if (request.repeat.count() < 0) return "repeat: must not be negative";
  return {};
}

void AddNote(const std::string& note, const std::string& who, std::int64_t now, v1::Event* event) {
  if (note.empty()) return;
  v1::EventNote* out = event->add_notes();
  ToProto(now, out->mutable_time());
  out->set_who(who);
  out->set_text(note);
}

}  // namespace

EventDraft EventStore::NewDraft() {
  return EventDraft({store_, index_, silences_, inhibitions_, hostname_, cap_, limits_.max_count}, numbers_,
                    clock_());
}

// Writes it, and then makes it so.
Result<void> EventStore::Keep(EventDraft& draft, StateChange also) {
  StateChange write = draft.Finish(std::move(also));
  const auto done = store_.ChangeState(write);
  if (!done) return done.error();
  numbers_ = draft.numbers();
  {
    const std::lock_guard lock(mutex_);
    draft.Apply();
    last_change_ = numbers_.change();
    last_row_ = numbers_.row();
    Enter(draft);
    if (outbox_) outbox_->Wake(numbers_.row());
  }
  return {};
}

// `mutex_` is held as well.
void EventStore::Enter(const EventDraft& draft) {
  for (const EventDraft::Raised& event : draft.raised()) {
    ++figures_.raised;
    ++figures_.by_severity[event.severity];
    if (event.muted) ++figures_.muted;
  }
  figures_.unplaced += draft.unplaced();
  for (const auto& [place, tally] : draft.tallies()) {
    if (tally.suppressed > 0) figures_.suppressed[place.first] += tally.suppressed;
  }
  for (const std::string& rule : cap_.Enter(draft.tallies()))
    spdlog::warn("rule \"{}\" raises more than {} events a minute; those beyond are counted and not raised",
                 rule, cap_.most());
}

// Before a change, so that a storm waits where it comes from and not in the catalog.
Result<void> EventStore::WaitForRoom() {
  std::unique_lock lock(mutex_);
  const auto room = [this] { return !outbox_ || last_row_ - written_row_ < kMostRows; };
  if (row_written_.wait_for(lock, std::chrono::seconds(1), room)) return {};
  return make_error_code(StoreErrc::kBusy);
}

void EventStore::Changed() {
  std::function<void()> listener;
  {
    const std::lock_guard lock(mutex_);
    listener = listener_;
  }
  if (listener) listener();
}

void EventStore::SetListener(std::function<void()> changed) {
  const std::lock_guard lock(mutex_);
  listener_ = std::move(changed);
}

Result<void> EventStore::Commit(std::vector<EventChange> changes, StateChange also) {
  return CommitChanges(std::move(changes), std::move(also), false);
}

Result<void> EventStore::CommitChanges(std::vector<EventChange> changes, StateChange also, bool passing) {
  if (!changes.empty()) {
    if (const auto room = WaitForRoom(); !room) return room;
  }
  {
    const std::lock_guard change(change_mutex_);
    EventDraft draft = NewDraft();
    if (const auto trimmed = Trim(draft); !trimmed) return trimmed;
    for (EventChange& one : changes) {
      if (const auto made = draft.Make(std::move(one), passing); !made) return made;
    }
    if (const auto kept = Keep(draft, std::move(also)); !kept) return kept;
  }
  if (!changes.empty()) Changed();
  return {};
}

// A limit that still holds raises its event anew.
Result<void> EventStore::ResolvePassing(std::span<const std::uint64_t> ids) {
  constexpr std::size_t kAtOnce = 500;
  for (; !ids.empty(); ids = ids.subspan(std::min(ids.size(), kAtOnce))) {
    const std::lock_guard change(change_mutex_);
    EventDraft draft = NewDraft();
    for (const std::uint64_t id : ids.first(std::min(ids.size(), kAtOnce))) {
      const auto stored = draft.Open(id);
      if (!stored) return stored.error();
      if (*stored == nullptr) continue;
      v1::Event* event = (*stored)->mutable_event();
      if (event->notes_size() < static_cast<int>(kMaxNotes))
        AddNote("resolved because cisternd was started anew", "cisternd", clock_(), event);
      draft.Resolve(**stored, clock_());
    }
    if (const auto kept = Keep(draft, {}); !kept) return kept;
  }
  return {};
}

Result<void> EventStore::Trim(EventDraft& draft) {
  const std::int64_t age = std::chrono::nanoseconds(limits_.max_age).count();
  return draft.Trim(age == 0 ? INT64_MIN : clock_() - age);
}

Result<void> EventStore::Tick() {
  const std::lock_guard change(change_mutex_);
  EventDraft draft = NewDraft();
  if (const auto trimmed = Trim(draft); !trimmed) return trimmed;
  StateChange also;
  const auto forgotten = silences_.Forgotten(clock_());
  for (const std::string& name : forgotten) also.objects.push_back({kSilenceKind, name, std::nullopt, {}});
  if (also.objects.empty() && draft.empty()) return {};
  if (const auto kept = Keep(draft, std::move(also)); !kept) return kept;
  const std::lock_guard lock(mutex_);
  for (const std::string& name : forgotten) silences_.Remove(name);
  return {};
}

void EventStore::Raise(EventChange change) {
  const std::lock_guard lock(mutex_);
  if (!inbox_ || !inbox_->Post(std::move(change))) ++figures_.lost;
}

EventStore::Outcome<v1::Event> EventStore::Raise(const AddOnEvent& request) {
  if (auto wrong = CheckAddOn(request); !wrong.empty()) return Invalid(std::move(wrong));
  if (const auto room = WaitForRoom(); !room) return StoreTrouble(room.error());
  std::uint64_t id = 0;
  {
    const std::lock_guard change(change_mutex_);
    if (rule_names_.contains(request.event.rule()))
      return Invalid("rule: \"" + request.event.rule() + "\" is the name of a rule");
    const auto known = FindRequest(request.request_id);
    if (!known) return known.error();
    id = *known;
    if (id == 0) {
      EventDraft draft = NewDraft();
      if (const auto trimmed = Trim(draft); !trimmed) return StoreTrouble(trimmed.error());
      const auto made = MakeRequested(draft, request);
      if (!made) return StoreTrouble(made.error());
      id = *made;
      if (const auto kept = Keep(draft, {}); !kept) return StoreTrouble(kept.error());
    }
  }
  Changed();
  return Get(id);
}

// 0: no event that is still there had it.
EventStore::Outcome<std::uint64_t> EventStore::FindRequest(const std::string& request_id) {
  if (request_id.empty()) return std::uint64_t{0};
  const auto object = store_.GetObject(kEventRequestKind, request_id);
  if (!object) return StoreTrouble(object.error());
  if (!*object) return std::uint64_t{0};
  const std::uint64_t id = NumberOf((*object)->body);
  return index_.Find(id) == nullptr ? std::uint64_t{0} : id;
}

Result<std::uint64_t> EventStore::MakeRequested(EventDraft& draft, const AddOnEvent& request) {
  v1::Event event = request.event;
  const std::int64_t now = clock_();
  event.set_count(1);
  ToProto(now, event.mutable_first_time());
  ToProto(now, event.mutable_last_time());
  const auto newest = draft.OpenNewest(event.rule(), event.key());
  if (!newest) return newest.error();
  v1::StoredEvent* stored = *newest;
  const bool repeats = stored != nullptr && stored->event().state() != v1::Event::STATE_RESOLVED &&
                       now - FromProto(stored->event().create_time()) <= request.repeat.count() &&
                       request.repeat.count() > 0;
  if (repeats) {
    draft.Add(*stored, event);
  } else {
    const auto raised = draft.Raise(std::move(event));
    if (!raised) return raised.error();
    stored = *raised;
  }
  if (!request.request_id.empty()) draft.Remember(*stored, request.request_id);
  return stored->event().id();
}

EventStore::Outcome<std::vector<v1::Event>> EventStore::Change(
    std::span<const std::uint64_t> ids, const std::string& note, const std::string& who,
    const std::function<void(EventDraft&, v1::StoredEvent&)>& change) {
  if (ids.empty() || ids.size() > 1000) return Invalid("ids: 1 to 1000");
  if (note.size() > kLongestText) return Invalid("note: at most 4096 octets");
  if (const auto room = WaitForRoom(); !room) return StoreTrouble(room.error());
  std::vector<v1::Event> events;
  {
    const std::lock_guard lock(change_mutex_);
    EventDraft draft = NewDraft();
    for (const std::uint64_t id : std::set(ids.begin(), ids.end())) {
      const auto stored = draft.Open(id);
      if (!stored) return StoreTrouble(stored.error());
      if (*stored == nullptr) return NoSuchEvent(id);
      v1::Event* event = (*stored)->mutable_event();
      if (!note.empty() && event->notes_size() >= static_cast<int>(kMaxNotes))
        return Invalid("note: event " + std::to_string(id) + " has 100 already");
      AddNote(note, who, clock_(), event);
      change(draft, **stored);
    }
    if (const auto kept = Keep(draft, {}); !kept) return StoreTrouble(kept.error());
    for (const std::uint64_t id : ids) events.push_back(draft.event(id));
  }
  Changed();
  return events;
}

EventStore::Outcome<std::vector<v1::Event>> EventStore::Acknowledge(std::span<const std::uint64_t> ids,
                                                                    const std::string& note,
                                                                    const std::string& who) {
  return Change(ids, note, who, [](EventDraft&, v1::StoredEvent& stored) {
    if (stored.event().state() != v1::Event::STATE_RESOLVED)
      stored.mutable_event()->set_state(v1::Event::STATE_ACKNOWLEDGED);
  });
}

EventStore::Outcome<std::vector<v1::Event>> EventStore::Resolve(std::span<const std::uint64_t> ids,
                                                                const std::string& note,
                                                                const std::string& who) {
  const std::int64_t now = clock_();
  return Change(ids, note, who, [now](EventDraft& draft, v1::StoredEvent& stored) {
    if (stored.event().state() != v1::Event::STATE_RESOLVED) draft.Resolve(stored, now);
  });
}

EventStore::Outcome<std::vector<v1::Event>> EventStore::Redeliver(std::span<const std::uint64_t> ids,
                                                                  const std::string& note,
                                                                  const std::string& who) {
  return Change(ids, note, who, [](EventDraft& draft, v1::StoredEvent& stored) {
    stored.mutable_event()->clear_muted();
    draft.Write(stored.event(), true);
  });
}

// The rows are done; their events learn where their records are, which is no change of the events.
Result<void> EventStore::Settle(std::span<const WrittenRow> written) {
  const std::lock_guard change(change_mutex_);
  StateChange write;
  std::map<std::uint64_t, RecordId> records;
  for (const WrittenRow& row : written) {
    write.objects.push_back({kEventRowKind, NameOf(row.number), std::nullopt, std::nullopt});
    if (row.names_record && row.record != RecordId{0}) records[row.event] = row.record;
  }
  for (const auto& [id, record] : records) {
    const auto object = store_.GetObject(kEventKind, NameOf(id));
    if (!object) return object.error();
    v1::StoredEvent stored;
    if (!*object || !stored.ParseFromString((*object)->body)) continue;
    stored.mutable_event()->set_record_id(ToInt(record));
    write.objects.push_back({kEventKind, NameOf(id), stored.SerializeAsString(), std::nullopt});
  }
  const auto done = store_.ChangeState(write);
  if (!done) return done.error();
  const std::lock_guard lock(mutex_);
  if (!written.empty()) written_row_ = std::max(written_row_, written.back().number);
  row_written_.notify_all();
  return {};
}

}  // namespace cistern
