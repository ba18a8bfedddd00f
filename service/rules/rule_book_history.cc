// The rule book: history, rolling back, confirming.
#include <fmt/format.h>

#include "cistern/v1/stored.pb.h"
#include "service/rules/definition.h"
#include "service/rules/rule_history.h"

namespace cistern {
namespace {

using Action = AppliedRule::Action;

bool Concerns(const v1::StoredRuleChange& change, const std::string& rule) {
  for (const v1::StoredChangedRule& changed : change.rules()) {
    if (changed.name() == rule) return true;
  }
  return rule.empty();
}

}  // namespace

// Nothing: it is gone, or cannot be read.
RuleBook::Outcome<std::optional<v1::StoredRuleChange>> RuleBook::LoadChange(std::uint64_t change) const {
  const auto object = store_.GetObject(kRuleChangeKind, ChangeName(change));
  if (!object) return RuleStoreTrouble(object.error());
  v1::StoredRuleChange stored;
  if (!*object || !stored.ParseFromString((*object)->body)) return std::optional<v1::StoredRuleChange>();
  return std::optional(std::move(stored));
}

RuleBook::Outcome<std::vector<RuleHistoryEntry>> RuleBook::History(std::uint64_t before,
                                                                   const std::string& rule,
                                                                   std::size_t limit) const {
  std::vector<std::uint64_t> changes;
  {
    const std::lock_guard lock(change_mutex_);
    for (auto it = history_.rbegin(); it != history_.rend(); ++it) {
      if (before == 0 || it->change < before) changes.push_back(it->change);
    }
  }
  std::vector<RuleHistoryEntry> entries;
  for (const std::uint64_t change : changes) {
    if (entries.size() == limit) break;
    const auto stored = LoadChange(change);
    if (!stored) return stored.error();
    if (*stored && Concerns(**stored, rule)) entries.push_back(ToHistoryEntry(change, **stored));
  }
  return entries;
}

RuleBook::Outcome<RuleOutcome> RuleBook::Rollback(std::uint64_t change, bool dry_run,
                                                  const std::string& who) {
  const std::lock_guard lock(change_mutex_);
  if (change == 0 && !history_.empty()) change = history_.back().change;
  Reason reason;
  reason.who = who;
  reason.comment = fmt::format("rollback of change {}", change);
  reason.ends_pending = true;
  return RollbackLocked(change, dry_run, reason);
}

RuleBook::Outcome<RuleOutcome> RuleBook::RollbackLocked(std::uint64_t change, bool dry_run,
                                                        const Reason& reason) {
  auto items = PlanRollback(change);
  if (!items) return items.error();
  if (const auto checked = CheckWhole(*items); !checked) return checked.error();
  if (!dry_run) return Carry(std::move(*items), reason);
  RuleOutcome outcome;
  for (Item& item : *items) outcome.rules.push_back(std::move(item.applied));
  return outcome;
}

RuleBook::Outcome<std::vector<RuleBook::Item>> RuleBook::PlanRollback(std::uint64_t change) const {
  if (history_.empty() || change < history_.front().change || change > history_.back().change)
    return ChangeError{
        ChangeError::Kind::kNotFound, fmt::format("there is no change {} in the history", change), {}};
  std::map<std::string, Restored> wanted;  // what the oldest of the changes found
  for (auto it = history_.rbegin(); it != history_.rend() && it->change >= change; ++it) {
    const auto stored = LoadChange(it->change);
    if (!stored) return stored.error();
    if (!*stored || (*stored)->configuration()) continue;
    for (const v1::StoredChangedRule& rule : (*stored)->rules()) {
      Restored& restored = wanted[rule.name()];
      restored.before = rule.has_before() ? std::make_shared<const v1::Rule>(rule.before()) : nullptr;
      restored.from_configuration = rule.from_configuration();
    }
  }
  std::vector<Item> items;
  for (const auto& [name, restored] : wanted) {
    auto item = PlanRestore(name, restored);
    if (!item) return item.error();
    if (*item) items.push_back(std::move(**item));
  }
  return items;
}

// Of a rule of the configuration only whether it is enabled comes back; the rest stands in the file.
RuleBook::Outcome<std::optional<RuleBook::Item>> RuleBook::PlanRestore(const std::string& name,
                                                                       const Restored& restored) const {
  const auto current = Find(name);
  const bool configured = current && current->rule.from_configuration;
  std::optional<Item> none;
  if (configured != restored.from_configuration) return none;
  if (configured) {
    const bool enabled = restored.before && restored.before->enabled();
    return current->rule.definition->enabled() == enabled ? none : Switched(*current, enabled);
  }
  if (!restored.before) {
    if (!current) return none;
    return std::optional(Item{
        {name, Action::kDeleted, current->rule.definition, nullptr, current->rule.revision}, nullptr, false});
  }
  auto item = PlanOne({restored.before, std::nullopt});
  if (!item) return item.error();
  return item->applied.action == Action::kUnchanged ? none : std::optional(std::move(*item));
}

RuleBook::Outcome<std::uint64_t> RuleBook::Confirm() {
  const std::lock_guard lock(change_mutex_);
  if (!confirm_time())
    return ChangeError{ChangeError::Kind::kFromConfiguration, "no change waits to be confirmed", {}};
  const std::uint64_t change = pending_->change;
  Reason reason;
  reason.ends_pending = true;
  if (const auto done = Carry({}, reason); !done) return done.error();
  return change;
}

}  // namespace cistern
