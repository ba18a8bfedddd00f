// The rule book: every change. A change is planned, checked with all other rules, written in one transaction
// and then told to the listeners.
#include <fmt/format.h>

#include <algorithm>

#include "cistern/v1/stored.pb.h"
#include "service/rules/definition.h"
#include "service/rules/rule_history.h"

namespace cistern {
namespace {

using Action = AppliedRule::Action;
constexpr std::size_t kLargestBook = 8 << 20;  // octets of all definitions

ChangeError Conflict(const std::string& name, std::uint64_t asked, std::uint64_t current) {
  if (asked == 0)
    return {ChangeError::Kind::kConflict, fmt::format("there is a rule \"{}\" already", name), {}};
  return {ChangeError::Kind::kConflict,
          fmt::format("rule \"{}\" is at revision {}, not {}: somebody else changed it; read it again", name,
                      current, asked),
          {}};
}

ChangeError BelongsToFile(const std::string& name, const char* verb) {
  return {ChangeError::Kind::kFromConfiguration,
          fmt::format("rule \"{}\" belongs to the configuration file; {} it there", name, verb),
          {}};
}

}  // namespace

RuleBook::Outcome<RuleBook::Item> RuleBook::PlanOne(const RuleChangeRequest& change) const {
  auto prepared = std::make_shared<v1::Rule>(*change.definition);
  const std::string name = prepared->name();
  if (const YamlErrors errors = PrepareRule(*prepared, clock_()); !errors.empty())
    return InvalidRule(RuleErrors(name, errors));
  const auto current = Find(name);
  const std::uint64_t revision = current ? current->rule.revision : 0;
  if (change.from_revision && *change.from_revision != revision)
    return current ? Conflict(name, *change.from_revision, revision) : NoSuchRule(name);
  std::shared_ptr<v1::Rule> written;  // an age is counted once, however often it is applied
  if (prepared->expires() != change.definition->expires()) {
    written = std::make_shared<v1::Rule>(*prepared);
    written->set_expires(change.definition->expires());
  }
  Item item{{name, Action::kCreated, nullptr, prepared, revision}, written, false};
  if (!current) return item;
  if (current->rule.from_configuration) return BelongsToFile(name, "change");
  if (written && current->written && SameRule(*current->written, *written))
    prepared->set_expires(current->rule.definition->expires());
  item.applied.before = current->rule.definition;
  item.applied.action =
      SameRule(*current->rule.definition, *prepared) ? Action::kUnchanged : Action::kChanged;
  return item;
}

void RuleBook::PlanDeletions(bool configuration, std::vector<Item>& items) const {
  std::set<std::string> names;
  for (const Item& item : items) names.insert(item.applied.name);
  for (const auto& [name, entry] : entries_) {
    if (entry.rule.from_configuration != configuration || names.contains(name)) continue;
    items.push_back({{name, Action::kDeleted, entry.rule.definition, nullptr, entry.rule.revision},
                     nullptr,
                     configuration});
  }
}

RuleBook::Outcome<std::vector<RuleBook::Item>> RuleBook::PlanRules(std::span<const RuleChangeRequest> changes,
                                                                   bool prune) const {
  std::vector<Item> items;
  std::set<std::string> names;
  for (const RuleChangeRequest& change : changes) {
    const std::string& name = change.definition->name();
    if (!names.insert(name).second) return InvalidRule(fmt::format("rule \"{}\" is given twice", name));
    auto item = PlanOne(change);
    if (!item) return item.error();
    items.push_back(std::move(*item));
  }
  if (prune) PlanDeletions(/*configuration=*/false, items);
  if (const auto checked = CheckWhole(items); !checked) return checked.error();
  return items;
}

// They are checked already; what they say is compared with what the configuration said before, so that what
// was switched at run time stays.
RuleBook::Outcome<std::vector<RuleBook::Item>> RuleBook::PlanConfigured(
    std::span<const v1::Rule> configured) const {
  std::vector<Item> items;
  for (const v1::Rule& rule : configured) {
    const auto current = Find(rule.name());
    auto definition = std::make_shared<v1::Rule>(rule);
    FixExpiry(*definition, clock_());
    Item item{{rule.name(), Action::kCreated, nullptr, definition, 0},
              std::make_shared<const v1::Rule>(rule),
              true};
    if (current) {
      const bool same =
          current->rule.from_configuration && current->written && SameRule(*current->written, rule);
      item.applied.revision = current->rule.revision;
      item.applied.before = current->rule.definition;
      item.applied.action = same ? Action::kUnchanged : Action::kChanged;
      if (same) item.applied.after = current->rule.definition;
    }
    items.push_back(std::move(item));
  }
  PlanDeletions(/*configuration=*/true, items);
  if (const auto checked = CheckWhole(items); !checked) return checked.error();
  return items;
}

// The rules as they would be.
RuleBook::Outcome<void> RuleBook::CheckWhole(const std::vector<Item>& items) const {
  std::map<std::string, const v1::Rule*> next;
  for (const auto& [name, entry] : entries_) next[name] = entry.rule.definition.get();
  for (const Item& item : items) {
    if (item.applied.after) {
      next[item.applied.name] = item.applied.after.get();
    } else {
      next.erase(item.applied.name);
    }
  }
  std::vector<const v1::Rule*> rules;
  std::size_t bytes = 0;
  for (const auto& [name, rule] : next) {
    rules.push_back(rule);
    bytes += rule->ByteSizeLong();
  }
  YamlErrors errors;
  CheckRuleSet(rules, std::vector<std::string>(rules.size()), {}, errors);
  if (!errors.empty()) {
    const bool many = rules.size() > kMostRules;
    return ChangeError{
        many ? ChangeError::Kind::kTooMany : ChangeError::Kind::kInvalid, errors.items.front().message, {}};
  }
  if (bytes > kLargestBook)
    return ChangeError{ChangeError::Kind::kTooMany, "the rules are larger than 8 MiB in all", {}};
  return {};
}

void RuleBook::AddObjects(const std::vector<Item>& items, StateChange& write) const {
  for (const Item& item : items) {
    const AppliedRule& applied = item.applied;
    if (applied.action == Action::kUnchanged) continue;
    const auto current = Find(applied.name);
    std::optional<std::uint64_t> revision = current ? current->rule.revision : 0;
    if (unreadable_.contains(applied.name)) revision.reset();
    if (!applied.after) {
      write.objects.push_back({kRuleKind, applied.name, std::nullopt, revision});
      continue;
    }
    v1::StoredRule stored;
    *stored.mutable_definition() = *applied.after;
    stored.set_from_configuration(item.from_configuration);
    stored.set_created(current ? current->rule.created : clock_());
    if (item.written) *stored.mutable_written() = *item.written;
    write.objects.push_back({kRuleKind, applied.name, stored.SerializeAsString(), revision});
  }
}

void RuleBook::AddHistory(const std::vector<Item>& items, const Reason& reason, StateChange& write) const {
  v1::StoredRuleChange stored;
  stored.set_time(clock_());
  stored.set_who(reason.who);
  stored.set_comment(reason.comment);
  stored.set_configuration(reason.configuration);
  for (const Item& item : items) {
    if (item.applied.action == Action::kUnchanged) continue;
    v1::StoredChangedRule* rule = stored.add_rules();
    rule->set_name(item.applied.name);
    if (item.applied.before) *rule->mutable_before() = *item.applied.before;
    if (item.applied.after) *rule->mutable_after() = *item.applied.after;
    rule->set_revision(item.applied.revision);
    rule->set_from_configuration(item.from_configuration);
  }
  write.objects.push_back({kRuleChangeKind, ChangeName(next_change_), stored.SerializeAsString(), 0});
}

// The oldest changes go when there are too many, or they take too much room.
std::size_t RuleBook::TrimHistory(std::size_t added, StateChange& write) const {
  std::size_t bytes = added, gone = 0;
  for (const Kept& kept : history_) bytes += kept.bytes;
  while (gone < history_.size() && (history_.size() + 1 - gone > kKeptChanges || bytes > kKeptChangeBytes)) {
    bytes -= history_[gone].bytes;
    write.objects.push_back(
        {kRuleChangeKind, ChangeName(history_[gone++].change), std::nullopt, std::nullopt});
  }
  return gone;
}

RuleBook::Outcome<RuleOutcome> RuleBook::Carry(std::vector<Item> items, const Reason& reason) {
  StateChange write;
  AddObjects(items, write);
  const bool changes = !write.objects.empty();
  std::size_t added = 0, trimmed = 0;
  if (changes) {
    AddHistory(items, reason, write);
    added = write.objects.back().body->size();
    trimmed = TrimHistory(added, write);
  }
  if (reason.ends_pending)
    write.objects.push_back({kRulePendingKind, kRulePendingName, std::nullopt, std::nullopt});
  const bool waits = changes && reason.deadline.has_value();
  if (waits) {
    v1::StoredPendingRules stored;
    stored.set_change(next_change_);
    stored.set_deadline(*reason.deadline);
    write.objects.push_back({kRulePendingKind, kRulePendingName, stored.SerializeAsString(), std::nullopt});
  }
  RuleOutcome outcome;
  if (!write.objects.empty()) {
    const auto revisions = store_.ChangeState(write);
    if (!revisions) return RuleStoreTrouble(revisions.error());
    TakeOver(items, write, *revisions);
  }
  if (changes) {
    history_.erase(history_.begin(), history_.begin() + static_cast<std::ptrdiff_t>(trimmed));
    history_.push_back({next_change_, added});
    outcome.change = next_change_++;
  }
  if (waits || reason.ends_pending)
    SetPending(waits ? std::optional(Pending{outcome.change, *reason.deadline}) : std::nullopt);
  if (changes) Publish();
  if (waits) outcome.confirm_time = reason.deadline;
  for (Item& item : items) outcome.rules.push_back(std::move(item.applied));
  return outcome;
}

void RuleBook::SetPending(std::optional<Pending> pending) {
  const std::lock_guard lock(mutex_);
  pending_ = pending;
}

void RuleBook::TakeOver(std::vector<Item>& items, const StateChange& write,
                        std::span<const std::uint64_t> revisions) {
  std::map<std::string, std::uint64_t> given;
  for (std::size_t i = 0; i < write.objects.size(); ++i) {
    if (write.objects[i].kind == kRuleKind) given[write.objects[i].name] = revisions[i];
  }
  const std::int64_t now = clock_();
  for (Item& item : items) {
    AppliedRule& applied = item.applied;
    if (applied.action == Action::kUnchanged) continue;
    unreadable_.erase(applied.name);
    if (!applied.after) {
      entries_.erase(applied.name);
      continue;
    }
    applied.revision = given[applied.name];
    Entry& entry = entries_[applied.name];
    const std::int64_t created = entry.rule.created == 0 ? now : entry.rule.created;
    entry = {{applied.after, applied.revision, item.from_configuration, created, now}, item.written};
  }
}

RuleBook::Outcome<RuleOutcome> RuleBook::Apply(const RuleChanges& changes) {
  if (changes.comment.size() > kLongestComment) return InvalidRule("comment: has more than 1024 octets");
  const std::lock_guard lock(change_mutex_);
  if (const auto ready = Ready(); !ready && !changes.dry_run) return ready.error();
  auto items = PlanRules(changes.rules, changes.prune);
  if (!items) return items.error();
  if (changes.dry_run) {
    RuleOutcome outcome;
    for (Item& item : *items) outcome.rules.push_back(std::move(item.applied));
    return outcome;
  }
  Reason reason{changes.who, changes.comment};
  if (changes.confirm_within)
    reason.deadline = clock_() + std::chrono::nanoseconds(*changes.confirm_within).count();
  return Carry(std::move(*items), reason);
}

RuleBook::Outcome<void> RuleBook::Configure(std::span<const v1::Rule> configured) {
  const std::lock_guard lock(change_mutex_);
  auto items = PlanConfigured(configured);
  if (!items) return items.error();
  Reason reason{"configuration", ""};
  reason.configuration = true;
  const auto done = Carry(std::move(*items), reason);
  return done ? Outcome<void>() : Outcome<void>(done.error());
}

RuleBook::Outcome<void> RuleBook::CheckConfigured(std::span<const v1::Rule> configured) const {
  const std::lock_guard lock(change_mutex_);
  const auto items = PlanConfigured(configured);
  if (!items) return items.error();
  const bool changes = std::any_of(items->begin(), items->end(), [](const Item& item) {
    return item.applied.action != Action::kUnchanged;
  });
  return changes ? Ready() : Outcome<void>();
}

RuleBook::Outcome<RuleOutcome> RuleBook::Delete(const std::string& name,
                                                std::optional<std::uint64_t> from_revision,
                                                const std::string& who) {
  const std::lock_guard lock(change_mutex_);
  if (const auto ready = Ready(); !ready) return ready.error();
  const auto current = Find(name);
  if (!current && !unreadable_.contains(name)) return NoSuchRule(name);
  const std::uint64_t revision = current ? current->rule.revision : 0;
  if (current && from_revision && *from_revision != revision) return Conflict(name, *from_revision, revision);
  if (current && current->rule.from_configuration) return BelongsToFile(name, "delete");
  std::vector<Item> items;
  items.push_back({{name, Action::kDeleted, current ? current->rule.definition : nullptr, nullptr, revision},
                   nullptr,
                   false});
  return Carry(std::move(items), {who, ""});
}

RuleBook::Outcome<RuleEntry> RuleBook::SetEnabled(const std::string& name, bool enabled,
                                                  const std::string& who) {
  const std::lock_guard lock(change_mutex_);
  if (const auto ready = Ready(); !ready) return ready.error();
  const auto current = Find(name);
  if (!current) return NoSuchRule(name);
  if (current->rule.definition->enabled() == enabled) return current->rule;
  std::vector<Item> items;
  items.push_back(Switched(*current, enabled));
  const auto done = Carry(std::move(items), {who, enabled ? "enabled" : "disabled"});
  if (!done) return done.error();
  return Find(name)->rule;
}

RuleBook::Item RuleBook::Switched(const Entry& entry, bool enabled) {
  auto definition = std::make_shared<v1::Rule>(*entry.rule.definition);
  definition->set_enabled(enabled);
  return {{definition->name(), Action::kChanged, entry.rule.definition, definition, entry.rule.revision},
          entry.written,
          entry.rule.from_configuration};
}

}  // namespace cistern
