#include "service/events/event_draft.h"

#include <xxhash.h>

#include <algorithm>

#include "proto/convert/record.h"
#include "proto/convert/utf8.h"
#include "service/events/event_names.h"
#include "service/events/event_record.h"

namespace cistern {
namespace {

constexpr std::size_t kMostDropped = 1000, kMostRequests = 64;
constexpr int kMostSamples = 20;
constexpr std::size_t kLongestKey = 1024, kLongestSummary = 4096, kMostFields = 64, kLargestFields = 16 << 10;
constexpr std::size_t kLongestFieldName = 57;  // a tag has 64 octets, with `event.`

void Clean(std::string* text, std::size_t longest) {
  if (text->size() > longest) text->resize(longest);
  *text = ToUtf8(*text);
}

// Cut keys that differ stay different. What this returns is left alone when it comes again.
void CleanKey(std::string* key) {
  std::string clean = ToUtf8(*key);
  if (clean.size() > kLongestKey) {
    const std::string mark = fmt::format("~{:016x}", XXH3_64bits(key->data(), key->size()));
    clean.replace(CutUtf8(clean, kLongestKey - mark.size()), std::string::npos, mark);
  }
  *key = std::move(clean);
}

// Values come from records: any octets, any size.
void CleanFields(v1::Event& event) {
  std::map<std::string, std::string> fields(event.fields().begin(), event.fields().end());
  event.clear_fields();
  std::size_t left = kLargestFields;
  for (auto& [name, value] : fields) {
    if (name.empty() || name.size() > kLongestFieldName || event.fields_size() == kMostFields) continue;
    const std::size_t size = std::min(left, name.size() + value.size());
    if (size < name.size()) break;
    std::string kept = std::move(value);
    Clean(&kept, size - name.size());
    left -= size;
    (*event.mutable_fields())[ToUtf8(name)] = std::move(kept);
  }
}

void Clean(v1::Event& event) {
  Clean(event.mutable_rule(), 63);
  CleanKey(event.mutable_key());
  Clean(event.mutable_summary(), kLongestSummary);
  CleanFields(event);
  if (event.record_ids_size() > kMostSamples) event.mutable_record_ids()->Truncate(kMostSamples);
  event.set_severity(std::min(event.severity(), 7u));
}

bool IsResolved(const v1::Event& event) { return event.state() == v1::Event::STATE_RESOLVED; }

}  // namespace

EventDraft::EventDraft(Parts parts, v1::StoredEventNumbers numbers, std::int64_t now)
    : parts_(parts), numbers_(std::move(numbers)), now_(now) {}

EventDraft::~EventDraft() {
  for (auto it = inhibited_.rbegin(); it != inhibited_.rend(); ++it)
    it->second ? parts_.inhibitions.Remove(it->first) : parts_.inhibitions.Add(it->first);
}

std::size_t EventDraft::kept() const {
  return parts_.index.events().size() - dropped_ + raised_.size() - dropped_raised_;
}

Result<void> EventDraft::Trim(std::int64_t oldest) {
  const auto& events = parts_.index.events();
  while (dropped_ < std::min(events.size(), kMostDropped)) {
    if (kept() <= parts_.most && events[dropped_].created >= oldest) break;
    if (const auto dropped = DropOldest(); !dropped) return dropped;
  }
  return {};
}

Result<void> EventDraft::DropOldest() {
  if (dropped_ < parts_.index.events().size()) return Drop(parts_.index.events()[dropped_]);
  const auto raised = touched_.find(raised_[dropped_raised_++].id);
  Forget(raised->second);
  dropped_through_ = raised->first;
  touched_.erase(raised);
  return {};
}

Result<void> EventDraft::Drop(const IndexedEvent& entry) {
  const std::string name = NameOf(entry.id);
  const bool inhibits = entry.state != v1::Event::STATE_RESOLVED && parts_.inhibitions.Inhibits(*entry.rule);
  if (const auto touched = touched_.find(entry.id); touched != touched_.end()) {
    Forget(touched->second);
    touched_.erase(touched);
  } else if (entry.requested || inhibits) {
    const auto object = parts_.store.GetObject(kEventKind, name);
    if (!object) return object.error();
    v1::StoredEvent stored;
    if (*object && stored.ParseFromString((*object)->body)) Forget(stored);
  }
  objects_.push_back({kEventKind, name, std::nullopt, std::nullopt});
  dropped_through_ = entry.id;
  ++dropped_;
  return {};
}

// What there is of it beside itself.
void EventDraft::Forget(const v1::StoredEvent& stored) {
  for (const std::string& request : stored.request_ids())
    objects_.push_back({kEventRequestKind, request, std::nullopt, std::nullopt});
  if (!IsResolved(stored.event())) Inhibit(stored.event(), false);
}

bool EventDraft::MayRaise(const v1::Event& event) {
  const std::int64_t minute =
      parts_.cap.MinuteOf(event.rule(), event.has_last_time() ? FromProto(event.last_time()) : now_);
  EventCap::Tally& tally = tallies_[{event.rule(), minute}];
  const bool may = parts_.cap.Raised(event.rule(), minute) + tally.raised < parts_.cap.most();
  may ? ++tally.raised : ++tally.suppressed;
  return may;
}

Result<void> EventDraft::Make(EventChange change, bool passing) {
  Clean(change.event);
  if (change.kind == EventChange::Kind::kRaise) {
    if (!MayRaise(change.event)) return {};
    const auto raised = Raise(std::move(change.event));
    if (!raised) return raised.error();
    (*raised)->set_passing(passing);
    return {};
  }
  const auto stored = OpenNewest(change.event.rule(), change.event.key());
  if (!stored) return stored.error();
  if (*stored == nullptr) {
    unplaced_ += change.kind == EventChange::Kind::kAdd;
    return {};
  }
  if (change.kind == EventChange::Kind::kAdd) {
    Add(**stored, change.event);
    if (IsResolved((*stored)->event()) && MayRaise(change.event)) Reopen(**stored);
  } else if (!IsResolved((*stored)->event())) {
    Merge(**stored, change.event);
    (*stored)->mutable_event()->mutable_notes()->MergeFrom(change.event.notes());
    Resolve(**stored, change.event.has_resolve_time() ? FromProto(change.event.resolve_time()) : now_);
  }
  return {};
}

Result<v1::StoredEvent*> EventDraft::Open(std::uint64_t id) {
  if (const auto it = touched_.find(id); it != touched_.end()) return &it->second;
  if (id <= dropped_through_ || parts_.index.Find(id) == nullptr) return nullptr;
  const auto object = parts_.store.GetObject(kEventKind, NameOf(id));
  if (!object) return object.error();
  v1::StoredEvent stored;
  if (!*object || !stored.ParseFromString((*object)->body)) return nullptr;
  return &(touched_[id] = std::move(stored));
}

Result<v1::StoredEvent*> EventDraft::OpenNewest(const std::string& rule, const std::string& key) {
  const auto raised = newest_.find({rule, key});
  const std::uint64_t id = raised != newest_.end() ? raised->second : parts_.index.Newest(rule, key);
  const auto stored = Open(id);
  if (!stored || *stored == nullptr) return stored;
  const v1::Event& event = (*stored)->event();
  return event.rule() == rule && event.key() == key ? *stored : nullptr;
}

Result<v1::StoredEvent*> EventDraft::Raise(v1::Event event) {
  if (kept() > 0 && kept() >= parts_.most) {
    if (const auto dropped = DropOldest(); !dropped) return dropped.error();
  }
  Clean(event);
  event.set_id(numbers_.id() + 1);
  numbers_.set_id(event.id());
  event.set_state(v1::Event::STATE_OPEN);
  event.clear_notes();
  event.clear_resolve_time();
  event.clear_record_id();
  ToProto(now_, event.mutable_create_time());
  event.clear_muted();
  event.set_muted(Mute(event));
  raised_.push_back({event.id(), event.severity(), !event.muted().empty()});
  newest_[{event.rule(), event.key()}] = event.id();
  Inhibit(event, true);
  Write(event, false);
  v1::StoredEvent& stored = touched_[event.id()];
  *stored.mutable_event() = std::move(event);
  return &stored;
}

std::string EventDraft::Mute(const v1::Event& event) const {
  if (const std::uint64_t by = parts_.inhibitions.By(event); by != 0)
    return "inhibited:" + std::to_string(by);
  if (parts_.silences.size() == 0) return {};
  RecordBatch batch;
  AppendEventRecord(event, parts_.hostname, now_, false, batch);
  const std::string silence = parts_.silences.Of(batch.records().front(), now_);
  return silence.empty() ? silence : "silence:" + silence;
}

void EventDraft::Inhibit(const v1::Event& event, bool inhibits) {
  if (!parts_.inhibitions.Inhibits(event.rule())) return;
  inhibits ? parts_.inhibitions.Add(event) : parts_.inhibitions.Remove(event);
  inhibited_.emplace_back(event, inhibits);
}

void EventDraft::Merge(v1::StoredEvent& stored, const v1::Event& more) {
  v1::Event& event = *stored.mutable_event();
  const bool inhibits = !IsResolved(event) && !more.fields().empty();
  if (inhibits) Inhibit(event, false);
  for (const auto& [name, value] : more.fields()) (*event.mutable_fields())[name] = value;
  CleanFields(event);
  if (inhibits) Inhibit(event, true);
  if (!more.summary().empty()) event.set_summary(more.summary());
}

void EventDraft::Add(v1::StoredEvent& stored, const v1::Event& more) {
  Merge(stored, more);
  v1::Event& event = *stored.mutable_event();
  event.set_count(event.count() + more.count());
  if (more.has_last_time() && FromProto(more.last_time()) > FromProto(event.last_time()))
    *event.mutable_last_time() = more.last_time();
  for (const std::uint64_t id : more.record_ids()) {
    if (event.record_ids_size() < kMostSamples) event.add_record_ids(id);
  }
}

void EventDraft::Resolve(v1::StoredEvent& stored, std::int64_t time) {
  v1::Event& event = *stored.mutable_event();
  Inhibit(event, false);
  event.set_state(v1::Event::STATE_RESOLVED);
  ToProto(time, event.mutable_resolve_time());
  Write(event, false);
}

// It was not over.
void EventDraft::Reopen(v1::StoredEvent& stored) {
  v1::Event& event = *stored.mutable_event();
  event.set_state(v1::Event::STATE_OPEN);
  event.clear_resolve_time();
  event.set_muted(Mute(event));
  Inhibit(event, true);
  Write(event, false);
}

void EventDraft::Write(const v1::Event& event, bool again) {
  v1::StoredEventRow row;
  *row.mutable_event() = event;
  row.mutable_event()->clear_notes();
  row.set_again(again);
  row.set_created(now_);
  numbers_.set_row(numbers_.row() + 1);
  objects_.push_back({kEventRowKind, NameOf(numbers_.row()), row.SerializeAsString(), std::nullopt});
}

void EventDraft::Remember(v1::StoredEvent& stored, const std::string& request_id) {
  auto& ids = *stored.mutable_request_ids();
  if (ids.size() == static_cast<int>(kMostRequests)) {
    objects_.push_back({kEventRequestKind, ids.Get(0), std::nullopt, std::nullopt});
    ids.erase(ids.begin());
  }
  ids.Add(std::string(request_id));
  objects_.push_back({kEventRequestKind, request_id, NameOf(stored.event().id()), std::nullopt});
}

StateChange EventDraft::Finish(StateChange also) {
  const bool changed = !empty();
  for (auto& [id, stored] : touched_) {
    numbers_.set_change(numbers_.change() + 1);
    stored.set_change(numbers_.change());
    ToProto(now_, stored.mutable_event()->mutable_update_time());
    also.objects.push_back({kEventKind, NameOf(id), stored.SerializeAsString(), std::nullopt});
  }
  also.objects.insert(also.objects.end(), std::make_move_iterator(objects_.begin()),
                      std::make_move_iterator(objects_.end()));
  objects_.clear();
  if (changed)
    also.objects.push_back({kEventNumbersKind, "numbers", numbers_.SerializeAsString(), std::nullopt});
  return also;
}

void EventDraft::Apply() {
  for (; dropped_ > 0; --dropped_) parts_.index.PopOldest();
  for (const auto& [id, stored] : touched_)
    parts_.index.Put(stored.event(), stored.change(), !stored.request_ids().empty());
  inhibited_.clear();
}

}  // namespace cistern
