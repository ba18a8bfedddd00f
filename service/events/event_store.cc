// What the store has of events, and reading them. Changes are in event_store_changes.cc.
#include "service/events/event_store.h"

#include <spdlog/spdlog.h>

#include <algorithm>

#include "proto/convert/record.h"
#include "service/events/event_draft.h"
#include "service/events/event_error.h"
#include "service/events/event_inbox.h"
#include "service/events/event_names.h"
#include "service/events/event_outbox.h"
#include "service/rules/name_pattern.h"

namespace cistern {
namespace {

constexpr std::size_t kChunk = 500;          // of a list of the store, which locks the catalog meanwhile
constexpr std::size_t kMostBytes = 1 << 20;  // of one answer

bool Fits(const EventQuery& query, const IndexedEvent& event) {
  if (!query.rule.empty() && !MatchesName(query.rule, *event.rule)) return false;
  if (query.severity && event.severity > *query.severity) return false;
  if (event.last < query.last_from || event.first >= query.first_to) return false;
  const auto& states = query.states;
  return states.empty() || std::find(states.begin(), states.end(), event.state) != states.end();
}

// Calls `each` for all objects of a kind, by name.
Result<void> ForEach(Store& store, const char* kind, const std::function<void(const StoredObject&)>& each) {
  std::string after;
  for (;;) {
    const auto objects = store.ListObjects(kind, after, kChunk);
    if (!objects) return objects.error();
    for (const StoredObject& object : *objects) each(object);
    if (objects->size() < kChunk) return {};
    after = objects->back().name;
  }
}

}  // namespace

EventStore::EventStore(Store& store, Limits limits, WallClock clock, std::string hostname)
    : store_(store),
      clock_(std::move(clock)),
      hostname_(std::move(hostname)),
      cap_(limits.max_per_minute),
      limits_(limits) {}

EventStore::~EventStore() { Stop(std::chrono::steady_clock::now()); }

Result<void> EventStore::Open() {
  std::vector<std::uint64_t> passing;
  if (const auto loaded = Load(&passing); !loaded) return loaded;
  if (const auto loaded = LoadSilences(); !loaded) return loaded;
  if (const auto finished = FinishRows(); !finished) return finished;
  last_row_ = numbers_.row();
  written_row_ = store_.LastSequence(kEventClient);
  return ResolvePassing(passing);
}

Result<void> EventStore::Load(std::vector<std::uint64_t>* passing) {
  const auto numbers = store_.GetObject(kEventNumbersKind, "numbers");
  if (!numbers) return numbers.error();
  if (*numbers) (void)numbers_.ParseFromString((*numbers)->body);
  std::size_t unreadable = 0;
  const auto done = ForEach(store_, kEventKind, [&](const StoredObject& object) {
    v1::StoredEvent stored;
    if (!stored.ParseFromString(object.body) || NameOf(stored.event().id()) != object.name) {
      ++unreadable;
      return;
    }
    index_.Put(stored.event(), stored.change(), !stored.request_ids().empty());
    if (stored.passing() && stored.event().state() != v1::Event::STATE_RESOLVED)
      passing->push_back(stored.event().id());
    numbers_.set_id(std::max(numbers_.id(), stored.event().id()));
    numbers_.set_change(std::max(numbers_.change(), stored.change()));
  });
  last_change_ = numbers_.change();
  if (unreadable > 0) spdlog::warn("{} events of the catalog cannot be read and are left out", unreadable);
  return done;
}

Result<void> EventStore::LoadSilences() {
  return ForEach(store_, kSilenceKind, [&](const StoredObject& object) {
    v1::Silence silence;
    if (silence.ParseFromString(object.body) && silence.name() == object.name && silences_.Put(silence))
      return;
    spdlog::warn("silence \"{}\" of the catalog is left out: it cannot be read", object.name);
  });
}

// Rows that were written to the log, but not noted. After a restore from a backup the log knows more rows
// than the catalog: each of them was an event, at most, whose id must not come again.
Result<void> EventStore::FinishRows() {
  const std::uint64_t done = store_.LastSequence(kEventClient);
  if (done > numbers_.row()) {
    numbers_.set_id(numbers_.id() + (done - numbers_.row()));
    numbers_.set_row(done);
  }
  for (;;) {
    auto rows = ReadEventRows(store_, 0, kChunk);
    if (!rows) return rows.error();
    std::erase_if(*rows, [&](const EventRow& row) { return row.number > done; });
    if (rows->empty()) return {};
    const auto written = FindWritten(store_, *rows);
    if (!written) return written.error();
    if (const auto settled = Settle(*written); !settled) return settled;
  }
}

void EventStore::Start(Pipeline& pipeline) {
  const std::lock_guard change(change_mutex_);
  const std::lock_guard lock(mutex_);
  outbox_ = std::make_unique<EventOutbox>(
      EventOutbox::Parts{store_, pipeline, clock_, hostname_,
                         [this](std::span<const WrittenRow> written) { return Settle(written); }},
      store_.LastSequence(kEventClient), numbers_.row());
  inbox_ = std::make_unique<EventInbox>(
      [this](std::vector<EventChange> changes) { return CommitChanges(std::move(changes), {}, true); });
}

void EventStore::Stop(std::chrono::steady_clock::time_point deadline) {
  std::unique_ptr<EventInbox> inbox;
  {
    const std::lock_guard lock(mutex_);
    inbox = std::move(inbox_);
  }
  inbox.reset();
  EventOutbox* outbox = nullptr;
  {
    const std::lock_guard lock(mutex_);
    outbox = outbox_.get();
  }
  if (outbox == nullptr) return;
  outbox->Stop(deadline);
  const std::lock_guard change(change_mutex_);
  const std::lock_guard lock(mutex_);
  outbox_.reset();
  row_written_.notify_all();
}

void EventStore::SetLimits(Limits limits) {
  const std::lock_guard change(change_mutex_);
  cap_.SetMost(limits.max_per_minute);
  const std::lock_guard lock(mutex_);
  limits_ = limits;
}

EventStore::Outcome<v1::Event> EventStore::Get(std::uint64_t id) {
  std::size_t read = 0;
  auto events = Read({id}, &read);
  if (!events) return StoreTrouble(events.error());
  if (events->empty()) return NoSuchEvent(id);
  return std::move(events->front());
}

// Those that are gone meanwhile are left out. `read`: how many ids were looked at.
Result<std::vector<v1::Event>> EventStore::Read(const std::vector<std::uint64_t>& ids, std::size_t* read) {
  std::vector<v1::Event> events;
  std::size_t bytes = 0;
  *read = 0;
  for (const std::uint64_t id : ids) {
    if (bytes >= kMostBytes) break;
    const auto object = store_.GetObject(kEventKind, NameOf(id));
    if (!object) return object.error();
    ++*read;
    v1::StoredEvent stored;
    if (!*object || !stored.ParseFromString((*object)->body)) continue;
    bytes += (*object)->body.size();
    events.push_back(std::move(*stored.mutable_event()));
  }
  return events;
}

EventStore::Outcome<EventStore::Page> EventStore::List(const EventQuery& query, std::uint64_t before,
                                                       std::size_t limit) {
  std::vector<std::uint64_t> ids;
  bool more = false;
  {
    const std::lock_guard lock(mutex_);
    const auto& events = index_.events();
    for (auto it = events.rbegin(); it != events.rend() && !more; ++it) {
      if ((before != 0 && it->id >= before) || !Fits(query, *it)) continue;
      if (!query.key.empty() && it->key != index_.HashOf(*it->rule, query.key)) continue;
      more = ids.size() == limit;
      if (!more) ids.push_back(it->id);
    }
  }
  std::size_t read = 0;
  auto events = Read(ids, &read);
  if (!events) return StoreTrouble(events.error());
  Page page{std::move(*events), 0};
  if (more || read < ids.size()) page.before = ids[read - 1];
  return page;
}

EventStore::Outcome<EventStore::Changes> EventStore::ChangedAfter(std::uint64_t after,
                                                                  const EventQuery& query,
                                                                  std::size_t limit) {
  std::vector<std::uint64_t> ids, numbers;
  Changes changes;
  {
    const std::lock_guard lock(mutex_);
    changes.last = std::max(after, last_change_);
    for (auto it = index_.by_change().upper_bound(after); it != index_.by_change().end(); ++it) {
      if (!Fits(query, *index_.Find(it->second))) continue;
      if (ids.size() == limit) {
        changes.more = true;
        break;
      }
      ids.push_back(it->second);
      numbers.push_back(it->first);
    }
  }
  std::size_t read = 0;
  auto events = Read(ids, &read);
  if (!events) return StoreTrouble(events.error());
  changes.events = std::move(*events);
  for (std::size_t i = 0; changes.changes.size() < changes.events.size(); ++i) {
    if (ids[i] == changes.events[changes.changes.size()].id()) changes.changes.push_back(numbers[i]);
  }
  changes.more = changes.more || read < ids.size();
  if (changes.more) changes.last = numbers[read - 1];
  return changes;
}

std::uint64_t EventStore::last_change() const {
  const std::lock_guard lock(mutex_);
  return last_change_;
}

EventFigures EventStore::figures() const {
  const std::lock_guard lock(mutex_);
  EventFigures out = figures_;
  out.kept = index_.events().size();
  out.open = index_.open();
  return out;
}

}  // namespace cistern
