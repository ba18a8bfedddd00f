// The rule book: what the store has, the rules in force, waiting for a confirmation. Changes are in
// rule_book_change.cc.
#include "service/rules/rule_book.h"

#include <spdlog/spdlog.h>

#include <algorithm>

#include "cistern/v1/stored.pb.h"
#include "service/rules/definition.h"
#include "service/rules/rule_history.h"

namespace cistern {
namespace {

constexpr std::size_t kHistoryPage = 32;

std::vector<v1::Rule> Chosen(const RuleSet& set, std::int64_t now, bool ingest) {
  std::vector<v1::Rule> rules;
  for (const RuleEntry& entry : set.rules) {
    if (IsIngestRule(*entry.definition) == ingest && IsInForce(*entry.definition, now))
      rules.push_back(*entry.definition);
  }
  return rules;
}

}  // namespace

const RuleEntry* RuleSet::Find(const std::string& name) const {
  const auto found = std::lower_bound(
      rules.begin(), rules.end(), name,
      [](const RuleEntry& entry, const std::string& text) { return entry.definition->name() < text; });
  return found != rules.end() && found->definition->name() == name ? &*found : nullptr;
}

std::vector<v1::Rule> RuleSet::IngestRules(std::int64_t now) const {
  std::vector<v1::Rule> chosen = Chosen(*this, now, /*ingest=*/true);
  std::stable_sort(chosen.begin(), chosen.end(),
                   [](const v1::Rule& a, const v1::Rule& b) { return a.order() < b.order(); });
  return chosen;
}

std::vector<v1::Rule> RuleSet::Detections(std::int64_t now) const {
  return Chosen(*this, now, /*ingest=*/false);
}

RuleBook::RuleBook(Store& store, Clock clock) : store_(store), clock_(clock) {}

RuleBook::Outcome<void> RuleBook::Open() {
  const std::lock_guard lock(change_mutex_);
  if (auto done = LoadRules(); !done) return done;
  if (auto done = LoadHistory(); !done) return done;
  const auto object = store_.GetObject(kRulePendingKind, kRulePendingName);
  if (!object) return RuleStoreTrouble(object.error());
  v1::StoredPendingRules stored;
  if (*object && stored.ParseFromString((*object)->body)) {
    const std::lock_guard inner(mutex_);
    pending_ = Pending{stored.change(), stored.deadline()};
  }
  Publish();
  return {};
}

RuleBook::Outcome<void> RuleBook::LoadRules() {
  const auto objects = store_.ListObjects(kRuleKind, "", kMostRules * 2);
  if (!objects) return RuleStoreTrouble(objects.error());
  for (const StoredObject& object : *objects) {
    v1::StoredRule stored;
    const bool parsed = stored.ParseFromString(object.body) && stored.definition().name() == object.name;
    // Another release may know more keys, or check more.
    const YamlErrors errors =
        parsed ? PrepareRule(*stored.mutable_definition(), object.updated) : YamlErrors();
    if (!parsed || !errors.empty()) {
      spdlog::warn("rule \"{}\" of the catalog is left out: {}; apply it again, or delete it", object.name,
                   parsed ? errors.items.front().ToString() : "it cannot be read");
      unreadable_.insert(object.name);
      continue;
    }
    Entry& entry = entries_[object.name];
    entry.rule = {std::make_shared<const v1::Rule>(stored.definition()), object.revision,
                  stored.from_configuration(), stored.created(), object.updated};
    if (stored.has_written()) entry.written = std::make_shared<const v1::Rule>(stored.written());
  }
  return {};
}

RuleBook::Outcome<void> RuleBook::LoadHistory() {
  for (std::string after;;) {
    const auto page = store_.ListObjects(kRuleChangeKind, after, kHistoryPage);
    if (!page) return RuleStoreTrouble(page.error());
    for (const StoredObject& object : *page) {
      after = object.name;
      if (const auto change = ParseChangeName(object.name)) history_.push_back({*change, object.body.size()});
    }
    if (page->size() < kHistoryPage) break;
  }
  if (!history_.empty()) next_change_ = history_.back().change + 1;
  return {};
}

void RuleBook::Listen(Listener listener) {
  const std::lock_guard lock(change_mutex_);
  listener(Snapshot());
  listeners_.push_back(std::move(listener));
}

void RuleBook::Publish() {
  auto set = std::make_shared<RuleSet>();
  const std::int64_t now = clock_();
  next_expiry_ = INT64_MAX;
  for (const auto& [name, entry] : entries_) {
    set->rules.push_back(entry.rule);
    const auto expiry = ExpiryOf(*entry.rule.definition);
    if (expiry && *expiry > now) next_expiry_ = std::min(next_expiry_, *expiry);
  }
  {
    const std::lock_guard lock(mutex_);
    set->version = set_->version + 1;
    set_ = set;
  }
  for (const Listener& listener : listeners_) listener(set);
}

void RuleBook::Tick() {
  const std::lock_guard lock(change_mutex_);
  const std::int64_t now = clock_();
  const auto deadline = confirm_time();
  if (deadline && now >= *deadline) UndoPending();
  if (now >= next_expiry_) Publish();
}

void RuleBook::UndoPending() {
  Reason reason;
  reason.who = "not confirmed";
  reason.ends_pending = true;
  const std::uint64_t change = pending_->change;
  const auto undone = RollbackLocked(change, /*dry_run=*/false, reason);
  if (undone) {
    spdlog::warn("change {} of the rules was not confirmed in time and is undone", change);
    return;
  }
  if (undone.error().kind == ChangeError::Kind::kStore) {
    spdlog::error("change {} of the rules was not confirmed, but cannot be undone yet: {}", change,
                  undone.error().text);
    return;
  }
  spdlog::error("change {} of the rules was not confirmed, but cannot be undone: {}; it stays", change,
                undone.error().text);
  (void)Carry({}, reason);
}

RuleSetPtr RuleBook::Snapshot() const {
  const std::lock_guard lock(mutex_);
  return set_;
}

std::optional<std::int64_t> RuleBook::confirm_time() const {
  const std::lock_guard lock(mutex_);
  return pending_ ? std::optional(pending_->deadline) : std::nullopt;
}

std::optional<RuleBook::Entry> RuleBook::Find(const std::string& name) const {
  const auto it = entries_.find(name);
  return it == entries_.end() ? std::nullopt : std::optional(it->second);
}

// A second change would be undone with the first.
RuleBook::Outcome<void> RuleBook::Ready() const {
  const std::lock_guard lock(mutex_);
  if (!pending_) return {};
  return ChangeError{ChangeError::Kind::kFromConfiguration,
                     "change " + std::to_string(pending_->change) +
                         " waits to be confirmed; confirm it or roll it back first",
                     {}};
}

}  // namespace cistern
