// The rule book: the rules in force, their definitions in the store, and every change to them.
//
// Threads: any. Changes happen one at a time; Snapshot() never waits for them. Durability: a change with its
// entry in the history is one transaction, so that a crash leaves all of it or nothing. Errors are values
// with a sentence for the user.
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "service/change_error.h"
#include "storage/store.h"

namespace cistern {

namespace v1 {
class Rule;
class StoredRuleChange;
}  // namespace v1

// One rule in force.
struct RuleEntry {
  std::shared_ptr<const v1::Rule> definition;  // defaults filled, `expires` is a time
  std::uint64_t revision = 0;
  bool from_configuration = false;
  std::int64_t created = 0, updated = 0;  // ns since the Unix epoch
};

// The rules at one moment. Immutable; threads share it.
struct RuleSet {
  std::vector<RuleEntry> rules;  // by name
  std::uint64_t version = 0;     // grows with each change, since the start of the process

  const RuleEntry* Find(const std::string& name) const;  // null: none
  // Those that are enabled and not over at `now` (ns since the Unix epoch).
  std::vector<v1::Rule> IngestRules(std::int64_t now) const;  // in the order they run
  std::vector<v1::Rule> Detections(std::int64_t now) const;   // by name
};
using RuleSetPtr = std::shared_ptr<const RuleSet>;

struct RuleChangeRequest {
  std::shared_ptr<const v1::Rule> definition;  // as the user wrote it
  std::optional<std::uint64_t> from_revision;  // 0: it must not exist. Empty: whatever there is
};

// Changes that belong together.
struct RuleChanges {
  std::vector<RuleChangeRequest> rules;
  bool prune = false;                                  // delete all others but those of the configuration
  bool dry_run = false;                                // check and answer only
  std::optional<std::chrono::seconds> confirm_within;  // undo it unless it is confirmed by then
  std::string comment;
  std::string who;  // address of the client
};

// What was done with one rule.
struct AppliedRule {
  enum class Action { kCreated, kChanged, kUnchanged, kDeleted };
  std::string name;
  Action action = Action::kUnchanged;
  std::shared_ptr<const v1::Rule> before, after;  // null: there was none; it is gone
  std::uint64_t revision = 0;
};

// What was done.
struct RuleOutcome {
  std::vector<AppliedRule> rules;            // in the order of the request, then what was deleted
  std::uint64_t change = 0;                  // its number in the history; 0: nothing was changed
  std::optional<std::int64_t> confirm_time;  // ns; until when it waits to be confirmed
};

// A change in the history.
struct RuleHistoryEntry {
  std::uint64_t change = 0;
  std::int64_t time = 0;  // ns since the Unix epoch
  std::string who, comment;
  std::vector<AppliedRule> rules;  // without what stayed as it was
};

class RuleBook {
 public:
  static constexpr std::size_t kKeptChanges = 1000;
  static constexpr std::size_t kKeptChangeBytes = 64 << 20;
  static constexpr std::size_t kLongestComment = 1024;
  template <class T>
  using Outcome = Result<T, ChangeError>;
  using Listener = std::function<void(const RuleSetPtr&)>;
  using Clock = std::int64_t (*)();  // ns since the Unix epoch

  RuleBook(Store& store, Clock clock);

  // Takes what the store has. A rule that is not understood is left out, with a warning.
  Outcome<void> Open();
  // Makes the rules of the configuration what it says, of packs as well. Rules that were enabled or disabled
  // at run time stay so until the configuration says something new about them.
  Outcome<void> Configure(std::span<const v1::Rule> configured);
  // What Configure() would refuse.
  Outcome<void> CheckConfigured(std::span<const v1::Rule> configured) const;
  // Told at once, and after each change and whenever a rule is over; in order, one call at a time, on the
  // thread that changed something. It must not change rules.
  void Listen(Listener listener);
  // Undoes a change that was not confirmed in time, and tells of rules that are over. Call about once a
  // second.
  void Tick();

  RuleSetPtr Snapshot() const;
  // Until when a change waits to be confirmed (ns).
  std::optional<std::int64_t> confirm_time() const;

  // What is asked for, or nothing of it.
  Outcome<RuleOutcome> Apply(const RuleChanges& changes);
  Outcome<RuleOutcome> Delete(const std::string& name, std::optional<std::uint64_t> from_revision,
                              const std::string& who);
  Outcome<RuleEntry> SetEnabled(const std::string& name, bool enabled, const std::string& who);
  // Newest first, below `before` (0: from the newest), of `rule` (empty: all), at most `limit`.
  Outcome<std::vector<RuleHistoryEntry>> History(std::uint64_t before, const std::string& rule,
                                                 std::size_t limit) const;
  // Undoes a change and all after it, by a new one. 0: the last.
  Outcome<RuleOutcome> Rollback(std::uint64_t change, bool dry_run, const std::string& who);
  // Keeps what was made with confirm_within. The number of the change.
  Outcome<std::uint64_t> Confirm();

 private:
  struct Entry {
    RuleEntry rule;
    std::shared_ptr<const v1::Rule> written;  // as it was written, see StoredRule
  };
  // What is to be done with one rule.
  struct Item {
    AppliedRule applied;
    std::shared_ptr<const v1::Rule> written;
    bool from_configuration = false;
  };
  // What a rule was before the changes that are rolled back.
  struct Restored {
    std::shared_ptr<const v1::Rule> before;  // null: it did not exist
    bool from_configuration = false;
  };
  struct Reason {
    std::string who, comment;
    bool configuration = false;
    bool ends_pending = false;
    std::optional<std::int64_t> deadline;  // for the confirmation
  };

  struct Kept {
    std::uint64_t change;
    std::size_t bytes;
  };
  struct Pending {
    std::uint64_t change;
    std::int64_t deadline;
  };

  // `change_mutex_` is held by all of these.
  void SetPending(std::optional<Pending> pending);
  Outcome<void> LoadRules();
  Outcome<void> LoadHistory();
  void Publish();
  std::optional<Entry> Find(const std::string& name) const;
  Outcome<void> Ready() const;
  Outcome<std::vector<Item>> PlanRules(std::span<const RuleChangeRequest> changes, bool prune) const;
  Outcome<Item> PlanOne(const RuleChangeRequest& change) const;
  Outcome<std::vector<Item>> PlanConfigured(std::span<const v1::Rule> configured) const;
  void PlanDeletions(bool configuration, std::vector<Item>& items) const;
  Outcome<void> CheckWhole(const std::vector<Item>& items) const;
  // Writes what is planned in one transaction and tells the listeners.
  Outcome<RuleOutcome> Carry(std::vector<Item> items, const Reason& reason);
  void AddObjects(const std::vector<Item>& items, StateChange& write) const;
  void AddHistory(const std::vector<Item>& items, const Reason& reason, StateChange& write) const;
  void TakeOver(std::vector<Item>& items, const StateChange& write, std::span<const std::uint64_t> revisions);
  Outcome<RuleOutcome> RollbackLocked(std::uint64_t change, bool dry_run, const Reason& reason);
  Outcome<std::vector<Item>> PlanRollback(std::uint64_t change) const;
  Outcome<std::optional<Item>> PlanRestore(const std::string& name, const Restored& restored) const;
  static Item Switched(const Entry& entry, bool enabled);
  std::size_t TrimHistory(std::size_t added, StateChange& write) const;
  Outcome<std::optional<v1::StoredRuleChange>> LoadChange(std::uint64_t change) const;
  void UndoPending();

  Store& store_;
  const Clock clock_;
  mutable std::mutex change_mutex_;  // one change at a time; taken before mutex_
  std::map<std::string, Entry> entries_;
  std::set<std::string> unreadable_;  // in the store, but not understood
  std::deque<Kept> history_;          // ascending
  std::uint64_t next_change_ = 1;
  std::vector<Listener> listeners_;
  std::int64_t next_expiry_ = INT64_MAX;

  mutable std::mutex mutex_;  // guards these
  RuleSetPtr set_ = std::make_shared<const RuleSet>();
  std::optional<Pending> pending_;
};

}  // namespace cistern
