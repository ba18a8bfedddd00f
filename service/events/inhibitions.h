// Inhibition, as in Alertmanager: an event is muted while an event of another rule that is not resolved has
// the same values of some fields. A missing field is empty. Whether the other one is muted itself does not
// matter; events of one rule do not inhibit each other.
//
// Threads: one at a time.
#pragma once

#include <absl/container/btree_set.h>
#include <absl/container/flat_hash_map.h>

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "cistern/v1/event.pb.h"

namespace cistern {

namespace v1 {
class Rule;
}  // namespace v1

class Inhibitions {
 public:
  // Takes the rules that can be inhibited. True: they changed, and Add() must be called again for all events
  // that are not resolved.
  bool SetRules(std::span<const v1::Rule> rules);

  // Whether events of this rule inhibit any.
  bool Inhibits(const std::string& rule) const;
  // An event that is not resolved is there, or is there no longer. Both with the same fields.
  void Add(const v1::Event& event);
  void Remove(const v1::Event& event);
  // The oldest event that inhibits `event`; 0: none.
  std::uint64_t By(const v1::Event& event) const;

 private:
  struct Entry {
    std::vector<std::string> by, equal;  // as in EventConfig
    // Ids of the events that are not resolved, by the values of `equal`.
    absl::flat_hash_map<std::string, absl::btree_set<std::uint64_t>> open;
  };
  template <class Do>
  void ForEachInhibitedBy(const v1::Event& event, Do each);

  std::map<std::string, Entry> rules_;  // by name of the rule that is inhibited
};

}  // namespace cistern
