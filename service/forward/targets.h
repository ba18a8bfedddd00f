// All targets: their definitions in the store, their runners, and every change to them.
//
// Threads: any. Changes happen one at a time; status never waits for them. Durability: a change is one
//   transaction, so that a crash leaves all of it or nothing; positions are written by Save(), each second.
// Errors are values with a sentence for the user.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
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
#include "service/forward/runner.h"
#include "service/forward/spec.h"

namespace cistern {

using TargetError = ChangeError;

// A target as it is and how it does.
struct TargetView {
  std::shared_ptr<const v1::Target> definition;
  std::uint64_t revision = 0;
  bool from_configuration = false;
  std::int64_t created = 0, updated = 0;  // ns since the Unix epoch
  TargetFigures figures;
  Backlog backlog;
};

struct TargetChangeRequest {
  std::shared_ptr<v1::Target> definition;
  std::optional<std::uint64_t> from_revision;  // 0: it must not exist
};

struct AppliedChange {
  enum class Action { kCreated, kChanged, kUnchanged, kDeleted };
  std::string name;
  Action action;
  std::shared_ptr<const v1::Target> before, after;
  std::uint64_t revision = 0;
};

struct TestedStep {
  StepReport report;
  bool ok = true;
  std::chrono::nanoseconds elapsed{0};
};

class Targets {
 public:
  static constexpr std::size_t kMaxTargets = kMostTargets;
  template <class T>
  using Outcome = Result<T, TargetError>;

  // What `context` names outlives this object.
  explicit Targets(RunnerContext context);
  ~Targets();

  // Takes what the store has, and asks retention to wait for it at most `hold`. Nothing runs yet.
  Outcome<void> Open(std::chrono::seconds hold);
  // Makes the targets of the configuration what it says, and runs all.
  Outcome<void> Start(std::span<const v1::Target> configured);
  // What Configure() would refuse.
  Outcome<void> CheckConfigured(std::span<const v1::Target> configured);
  // After a reload: likewise for the targets of the configuration.
  Outcome<void> Configure(std::span<const v1::Target> configured);
  // Ends all runners; connections are closed in order, at most until the deadline.
  void End(std::chrono::steady_clock::time_point deadline);
  // Writes positions that moved, and tells the store what retention is to wait for, at most `hold`.
  Result<void> Save(std::chrono::seconds hold);

  std::vector<TargetView> List() const;  // by name
  Outcome<TargetView> Get(const std::string& name) const;
  // What is asked for, or nothing of it.
  Outcome<std::vector<AppliedChange>> Apply(std::vector<TargetChangeRequest> changes, bool prune,
                                            bool dry_run);
  Outcome<void> Delete(const std::string& name, std::optional<std::uint64_t> from_revision);
  Outcome<TargetView> SetPaused(const std::string& name, bool paused);

  struct Rewound {
    RecordId from{}, to{};
    std::uint64_t records = 0;  // between the two, matching
  };
  // To behind `after`, or to the first record received at `time` or later.
  Outcome<Rewound> Rewind(const std::string& name, std::optional<RecordId> after,
                          std::optional<std::int64_t> time, bool preview);

  // Sends one marked record through a sink of its own. Blocks; steps are told as they are done.
  void Test(std::shared_ptr<const v1::Target> definition, const std::function<void(const TestedStep&)>& tell,
            const Stop& stop);
  // Likewise, of a definition as it came; the error says what is wrong with it.
  Outcome<std::shared_ptr<const v1::Target>> Prepare(const v1::Target& definition) const;

  struct Letters {
    std::vector<DeadLetter> letters;
    std::uint64_t total = 0;
  };
  Outcome<Letters> ListLetters(const std::string& name, RecordId after, std::size_t limit);
  Outcome<LetterOutcome> RetryLetters(const std::string& name, std::vector<RecordId> ids);
  Outcome<LetterOutcome> DiscardLetters(const std::string& name, const std::vector<RecordId>& ids);
  // Up to `limit` octets of the message of a record; empty: it is gone.
  std::string MessageOf(RecordId id, std::size_t limit);

 private:
  struct Entry {
    std::shared_ptr<const v1::Target> definition;
    std::uint64_t revision = 0;
    bool from_configuration = false;
    std::int64_t created = 0, updated = 0;
    std::shared_ptr<TargetRunner> runner;  // null: it does not run
    std::string error;                     // why, once it was tried
  };
  struct Plan {
    std::vector<AppliedChange> changes;
    StateChange write;
    std::map<std::string, TargetProgress> progress;  // to start with, by name, where it is known
    std::map<std::string, TargetProgress> before;    // of those that were ended
  };

  // `change_mutex_` is held.
  Outcome<void> ConfigureLocked(std::span<const v1::Target> configured);
  Outcome<Plan> MakePlan(const std::vector<TargetChangeRequest>& changes, bool prune, bool configuration);
  Outcome<AppliedChange> PlanOne(const TargetChangeRequest& change, bool configuration) const;
  Outcome<void> CheckFiles(const Plan& plan) const;
  Outcome<void> Carry(Plan& plan, bool configuration);
  Outcome<TargetProgress> StartOf(const v1::Target& target);
  bool IsUnreadable(const std::string& name) const;
  Outcome<RecordId> LastBefore(std::int64_t time);
  Outcome<std::uint64_t> CountBetween(const v1::Target& target, RecordId after, RecordId through);
  Result<TargetProgress> EndRunner(const std::string& name);
  std::vector<std::string> EndRunners(Plan& plan);
  void TakeOver(const Plan& plan, bool configuration, std::int64_t now);
  Outcome<void> Ready() const;
  void Run(const std::string& name, TargetProgress progress);
  void RunAsStored(const std::string& name);
  void RunAgain(const std::string& name, const std::map<std::string, TargetProgress>& from);

  std::optional<Entry> Find(const std::string& name) const;
  Outcome<std::shared_ptr<TargetRunner>> RunnerOf(const std::string& name) const;
  TargetView ViewOf(const Entry& entry) const;

  const RunnerContext context_;
  std::atomic<bool> running_{false};  // between Start() and End()
  std::mutex change_mutex_;           // one change at a time; taken before mutex_
  mutable std::mutex mutex_;          // guards entries_; a leaf but for a runner's own
  std::map<std::string, Entry> entries_;
  std::set<std::string> unreadable_;  // in the store, but not understood; guarded as well
};

}  // namespace cistern
