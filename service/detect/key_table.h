// What is kept for each key, in the order in which the keys were last seen, bounded in number and octets,
// with a time for each at which something is to be done.
//
// State: `std::size_t bytes() const; void Save(v1::StoredKey&) const; bool Load(const v1::StoredKey&);
// void SetBack(std::int64_t span);`, which makes its times less by that.
// Deterministic: what it does depends on the calls alone. Entries stay in place until they are erased.
#pragma once

#include <google/protobuf/repeated_field.h>

#include <list>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>

#include "cistern/v1/stored.pb.h"
#include "service/detect/item.h"

namespace cistern::detect {

template <class State>
class KeyTable {
 public:
  struct Entry {
    std::string key;
    State state;
    std::int64_t seen = 0;            // ns
    std::int64_t due = kNever;        // ns
    std::int64_t scheduled = kNever;  // where it stands in `schedule_`: at `due` or before
    std::size_t bytes = 0;
    typename std::list<Entry>::iterator self;
  };

  KeyTable(std::size_t max_keys, std::size_t max_bytes) : max_keys_(max_keys), max_bytes_(max_bytes) {}

  Entry* Find(const std::string& key) {
    const auto found = by_key_.find(key);
    return found == by_key_.end() ? nullptr : &*found->second;
  }
  // The entry of `key`, which is now the one seen last; made when there is none.
  Entry& Touch(const std::string& key, std::int64_t time, bool* is_new = nullptr) {
    if (is_new) *is_new = false;
    if (const auto found = by_key_.find(key); found != by_key_.end()) {
      entries_.splice(entries_.end(), entries_, found->second);
      found->second->seen = time;
      return *found->second;
    }
    if (is_new) *is_new = true;
    entries_.emplace_back();
    Entry& entry = entries_.back();
    entry.key = key;
    entry.seen = time;
    entry.self = std::prev(entries_.end());
    by_key_.emplace(entry.key, entry.self);
    Resized(entry);
    return entry;
  }
  // The octets of its state changed: forgets others where there are too many now.
  void Resized(Entry& entry) {
    bytes_ -= entry.bytes;
    entry.bytes = kOverhead + entry.key.size() + entry.state.bytes();
    bytes_ += entry.bytes;
    while ((entries_.size() > max_keys_ || bytes_ > max_bytes_) && &entries_.front() != &entry) EvictOldest();
  }
  void Erase(Entry& entry) {
    Unschedule(entry);
    bytes_ -= entry.bytes;
    by_key_.erase(entry.key);
    entries_.erase(entry.self);
  }
  // Erases the ones not seen for longest as long as `over` says so; that is no eviction.
  template <class Over>
  void Prune(const Over& over) {
    while (!entries_.empty() && over(entries_.front())) Erase(entries_.front());
  }
  bool EvictOldest() {
    if (entries_.empty()) return false;
    Erase(entries_.front());
    ++evicted_;
    return true;
  }

  void SetDue(Entry& entry, std::int64_t due) {
    entry.due = due;
    if (due != kNever && entry.scheduled <= due) return;
    Unschedule(entry);
    if (due == kNever) return;
    entry.scheduled = due;
    schedule_.insert({due, entry.key});
  }
  // The earliest; kNever: none.
  std::int64_t NextDue() {
    while (!schedule_.empty()) {
      const auto [at, key] = *schedule_.begin();
      Entry& entry = *by_key_.find(key)->second;
      if (entry.due == at) return at;
      const std::int64_t due = entry.due;
      Unschedule(entry);
      SetDue(entry, due);
    }
    return kNever;
  }
  // The entry of NextDue(), by key where there are several; it is due no more.
  Entry& TakeDue() {
    Entry& entry = *by_key_.find(schedule_.begin()->second)->second;
    SetDue(entry, kNever);
    return entry;
  }

  // A time before which about `most` are due; kNever: not that many before `bound`.
  std::int64_t EndOfDue(std::size_t most, std::int64_t bound) const {
    for (const auto& [at, key] : schedule_) {
      if (at >= bound) return kNever;
      if (most-- == 0) return at + 1;
    }
    return kNever;
  }
  void SetBack(std::int64_t span) {
    schedule_.clear();
    for (Entry& entry : entries_) {
      entry.state.SetBack(span);
      entry.seen -= span;
      entry.scheduled = kNever;
      if (entry.due != kNever) SetDue(entry, entry.due - span);
    }
  }

  // The one not seen for longest first.
  std::list<Entry>& entries() { return entries_; }
  const std::list<Entry>& entries() const { return entries_; }
  std::size_t size() const { return entries_.size(); }
  std::size_t bytes() const { return bytes_; }
  std::uint64_t TakeEvicted() { return std::exchange(evicted_, 0); }

  void Save(google::protobuf::RepeatedPtrField<v1::StoredKey>& out) const {
    for (const Entry& entry : entries_) {
      v1::StoredKey& stored = *out.Add();
      stored.set_key(entry.key);
      stored.set_seen(entry.seen);
      if (entry.due != kNever) stored.set_due(entry.due);
      entry.state.Save(stored);
    }
  }
  bool Load(const google::protobuf::RepeatedPtrField<v1::StoredKey>& in) {
    for (const v1::StoredKey& stored : in) {
      Entry& entry = Touch(stored.key(), stored.seen());
      if (!entry.state.Load(stored)) return false;
      if (stored.has_due()) SetDue(entry, stored.due());
      Resized(entry);
    }
    return true;
  }

 private:
  // Of lists, tables and the allocator, about; twice the key.
  static constexpr std::size_t kOverhead = sizeof(Entry) + 120;

  void Unschedule(Entry& entry) {
    if (entry.scheduled == kNever) return;
    schedule_.erase({entry.scheduled, entry.key});
    entry.scheduled = kNever;
  }

  const std::size_t max_keys_, max_bytes_;
  std::list<Entry> entries_;
  std::unordered_map<std::string_view, typename std::list<Entry>::iterator> by_key_;  // keys of entries_
  std::set<std::pair<std::int64_t, std::string_view>> schedule_;                      // likewise
  std::size_t bytes_ = 0;
  std::uint64_t evicted_ = 0;
};

}  // namespace cistern::detect
