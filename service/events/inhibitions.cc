#include "service/events/inhibitions.h"

#include <algorithm>

#include "cistern/v1/rule.pb.h"
#include "service/rules/definition.h"

namespace cistern {
namespace {

// The values of the fields, each behind its length. `key` is the key where no field has that name.
std::string ValuesOf(const v1::Event& event, const std::vector<std::string>& fields) {
  std::string out;
  for (const std::string& name : fields) {
    const auto it = event.fields().find(name);
    const std::string none = name == "key" ? event.key() : std::string();
    const std::string& value = it == event.fields().end() ? none : it->second;
    out += std::to_string(value.size()) + ':' + value;
  }
  return out;
}

}  // namespace

bool Inhibitions::SetRules(std::span<const v1::Rule> rules) {
  std::map<std::string, Entry> next;
  for (const v1::Rule& rule : rules) {
    const v1::EventConfig* event = EventOf(rule);
    if (event == nullptr || event->inhibited_by().empty()) continue;
    Entry& entry = next[rule.name()];
    entry.by.assign(event->inhibited_by().begin(), event->inhibited_by().end());
    entry.equal.assign(event->inhibited_equal().begin(), event->inhibited_equal().end());
  }
  const auto same = [](const auto& a, const auto& b) {
    return a.first == b.first && a.second.by == b.second.by && a.second.equal == b.second.equal;
  };
  if (std::equal(next.begin(), next.end(), rules_.begin(), rules_.end(), same)) return false;
  rules_ = std::move(next);
  return true;
}

bool Inhibitions::Inhibits(const std::string& rule) const {
  return std::any_of(rules_.begin(), rules_.end(), [&](const auto& entry) {
    return entry.first != rule && MatchesRuleName(entry.second.by, rule);
  });
}

template <class Do>
void Inhibitions::ForEachInhibitedBy(const v1::Event& event, Do each) {
  for (auto& [name, entry] : rules_) {
    if (name != event.rule() && MatchesRuleName(entry.by, event.rule()))
      each(entry, ValuesOf(event, entry.equal));
  }
}

void Inhibitions::Add(const v1::Event& event) {
  ForEachInhibitedBy(event,
                     [&](Entry& entry, const std::string& values) { entry.open[values].insert(event.id()); });
}

void Inhibitions::Remove(const v1::Event& event) {
  ForEachInhibitedBy(event, [&](Entry& entry, const std::string& values) {
    const auto it = entry.open.find(values);
    if (it == entry.open.end()) return;
    it->second.erase(event.id());
    if (it->second.empty()) entry.open.erase(it);
  });
}

std::uint64_t Inhibitions::By(const v1::Event& event) const {
  const auto rule = rules_.find(event.rule());
  if (rule == rules_.end()) return 0;
  const auto it = rule->second.open.find(ValuesOf(event, rule->second.equal));
  return it == rule->second.open.end() ? 0 : *it->second.begin();
}

}  // namespace cistern
