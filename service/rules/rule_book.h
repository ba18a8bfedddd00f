// The rule book: the rules in force, their definitions in the store, and every change to them.
//
// Threads: any. Changes happen one at a time; Snapshot() never waits for them. Durability: a change with its
// entry in the history is one transaction, so that a crash leaves all of it or nothing. Errors are values
// with a sentence for the user.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "service/change_error.h"
#include "storage/store.h"

namespace cistern {

namespace v1 {
class Rule;
}

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
  Outcome<void> CheckConfigured(std::span<const v1::Rule> configured);
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
                                                 std::size_t limit);
  // Undoes a change and all after it, by a new one. 0: the last.
  Outcome<RuleOutcome> Rollback(std::uint64_t change, bool dry_run, const std::string& who);
  // Keeps what was made with confirm_within. The number of the change.
  Outcome<std::uint64_t> Confirm(const std::string& who);
};

}  // namespace cistern
