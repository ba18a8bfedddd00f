// States by key, of which there may be so many; beyond that the first in the order goes.
#pragma once

#include <cstdint>
#include <list>
#include <unordered_map>
#include <utility>

#include "service/rules/record_key.h"

namespace cistern {

template <class State>
class KeyTable {
 public:
  struct Entry {
    KeyDigest key;
    State state;
  };

  explicit KeyTable(std::size_t most) : most_(most) {}

  State* Find(const KeyDigest& key) {
    const auto found = index_.find(key);
    return found == index_.end() ? nullptr : &found->second->state;
  }
  // As Find(); the key becomes the last in the order.
  State* Touch(const KeyDigest& key) {
    const auto found = index_.find(key);
    if (found == index_.end()) return nullptr;
    order_.splice(order_.end(), order_, found->second);
    return &found->second->state;
  }
  bool full() const { return index_.size() >= most_; }
  // A key that is not there, behind all others. Make room before.
  State& Add(const KeyDigest& key, State state) {
    order_.push_back({key, std::move(state)});
    index_.emplace(key, std::prev(order_.end()));
    return order_.back().state;
  }
  bool empty() const { return order_.empty(); }
  std::size_t size() const { return index_.size(); }
  Entry& First() { return order_.front(); }
  void RemoveFirst() {
    index_.erase(order_.front().key);
    order_.pop_front();
  }
  std::list<Entry>& entries() { return order_; }

  // About what an entry takes beside what its state points to.
  static constexpr std::size_t kEntryBytes = sizeof(Entry) + 2 * sizeof(void*) + 8 * sizeof(void*);

 private:
  const std::size_t most_;
  std::list<Entry> order_;
  std::unordered_map<KeyDigest, typename std::list<Entry>::iterator, KeyDigestHash> index_;
};

}  // namespace cistern
