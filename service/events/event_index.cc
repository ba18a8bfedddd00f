#include "service/events/event_index.h"

#include <xxhash.h>

#include <algorithm>
#include <random>

#include "proto/convert/record.h"

namespace cistern {
namespace {

bool IsOpen(v1::Event::State state) { return state != v1::Event::STATE_RESOLVED; }

}  // namespace

EventIndex::EventIndex() : seed_(std::random_device()()) {}

std::uint64_t EventIndex::HashOf(std::string_view rule, std::string_view key) const {
  const std::uint64_t of_rule = XXH3_64bits_withSeed(rule.data(), rule.size(), seed_);
  return XXH3_64bits_withSeed(key.data(), key.size(), of_rule);
}

void EventIndex::Put(const v1::Event& event, std::uint64_t change, bool requested) {
  IndexedEvent* entry = FindMutable(event.id());
  if (entry == nullptr) {
    entry = &events_.emplace_back();
    entry->id = event.id();
    entry->rule = Hold(event.rule());
    entry->key = HashOf(event.rule(), event.key());
    entry->state = v1::Event::STATE_RESOLVED;
    newest_[entry->key] = entry->id;
  } else {
    by_change_.erase(entry->change);
  }
  by_change_[change] = event.id();
  open_ += IsOpen(event.state());
  open_ -= IsOpen(entry->state);
  entry->change = change;
  entry->first = FromProto(event.first_time());
  entry->last = FromProto(event.last_time());
  entry->created = FromProto(event.create_time());
  entry->state = event.state();
  entry->severity = static_cast<std::uint8_t>(event.severity());
  entry->requested = requested;
}

void EventIndex::PopOldest() {
  const IndexedEvent& oldest = events_.front();
  by_change_.erase(oldest.change);
  if (const auto it = newest_.find(oldest.key); it != newest_.end() && it->second == oldest.id)
    newest_.erase(it);
  open_ -= IsOpen(oldest.state);
  Release(oldest.rule);
  events_.pop_front();
}

IndexedEvent* EventIndex::FindMutable(std::uint64_t id) {
  const auto it = std::lower_bound(events_.begin(), events_.end(), id,
                                   [](const IndexedEvent& entry, std::uint64_t x) { return entry.id < x; });
  return it == events_.end() || it->id != id ? nullptr : &*it;
}

const IndexedEvent* EventIndex::Find(std::uint64_t id) const {
  return const_cast<EventIndex*>(this)->FindMutable(id);
}

std::uint64_t EventIndex::Newest(std::string_view rule, std::string_view key) const {
  const auto it = newest_.find(HashOf(rule, key));
  return it == newest_.end() ? 0 : it->second;
}

const std::string* EventIndex::Hold(const std::string& rule) {
  const auto it = rules_.try_emplace(rule, 0).first;
  ++it->second;
  return &it->first;
}

void EventIndex::Release(const std::string* rule) {
  const auto it = rules_.find(*rule);
  if (--it->second == 0) rules_.erase(it);
}

}  // namespace cistern
