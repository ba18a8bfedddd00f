// Runs the detections over the store: one thread, one durable cursor `detections`.
//
// State, position and events are written in one transaction: events within a second of being found, state
// alone less often the larger it is, a storm of events by thousands. A crash repeats what came behind the
// last one, and raises the same events. A rule that is new, or looks for something else than before, starts
// behind the newest record; one of which only texts changed goes on. The state of one that is gone (deleted,
// disabled, over, changed) is forgotten, and events that it would have resolved are resolved. Retention does
// not wait; what went before it was read is logged and counted. Imported records are no news. Threads: one
// inside, with the priority of readers; the methods on any. Without rules nothing is read.
#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "cistern/v1/rule.pb.h"
#include "service/cursor/cursor.h"
#include "service/detect/detections.h"
#include "storage/store.h"

namespace cistern {

struct DetectionRunnerFigures {
  std::vector<DetectionFigures> rules;
  std::uint64_t lag_records = 0;  // stored and not read yet
  double lag_seconds = 0;         // since the oldest of them was received
  std::uint64_t missed = 0;       // records that retention took before
};

class DetectionRunner {
 public:
  struct Options {
    DetectionLimits limits;
    // Makes the events and writes the state, both or nothing: EventStore::Commit.
    std::function<Result<void>(std::vector<EventChange>, StateChange)> commit;
    // No record received before that time (ns) will be stored any more; INT64_MIN: that is not known.
    std::function<std::int64_t()> settled;
    WallClock clock;
  };

  // `store` outlives the runner.
  DetectionRunner(Store& store, Options options);
  ~DetectionRunner();

  // Those of `rules` that are enabled and detections are run from now on. The first call starts the thread.
  // New ones start behind the newest record of this moment. Valid definitions with their defaults; one that
  // cannot be compiled is left out with a warning.
  void SetRules(std::vector<v1::Rule> rules);
  // Writes what there is and ends.
  void Stop();

  DetectionRunnerFigures figures() const;

 private:
  using SteadyTime = std::chrono::steady_clock::time_point;
  struct NewRules {
    std::vector<v1::Rule> rules;
    RecordId newest{};  // of that moment: new ones start behind it, however long compiling takes
  };

  void Run();
  std::optional<NewRules> TakeRules();
  bool ending() const;
  void UseRules(NewRules given);
  std::shared_ptr<Detections> MakeEngine(std::vector<v1::Rule>& rules);
  std::vector<DetectionState> StoredStates();
  void Turn();
  void FeedBatch();
  void TakeMany(RecordId through);
  void TakeChanges();
  void ResolveEvents(const DetectionState& state);
  void NoteGap();
  void WaitForRecords(RecordId stored);
  void WaitForRules();
  SteadyTime NextCommit() const;
  void CommitIfDue();
  bool Commit();
  StateChange ChangeOfState();

  Store& store_;
  const Options options_;

  // Thread only.
  std::shared_ptr<Detections> engine_;  // null: there are no rules
  std::unique_ptr<Cursor> cursor_;
  RecordId position_{};
  bool save_all_ = false, moved_ = false;
  std::set<std::string> running_;  // names of the rules
  std::set<std::string> stored_;   // of those that have a state in the store
  std::vector<EventChange> changes_;
  Selection among_;
  SteadyTime committed_{};
  std::chrono::milliseconds pause_{0};  // so that large states do not wear the disk

  mutable std::mutex mutex_;  // guards the rest; a leaf
  std::condition_variable changed_;
  std::optional<NewRules> rules_;            // to be used
  std::shared_ptr<const Detections> shown_;  // for figures
  RecordId shown_position_{};
  std::uint64_t missed_ = 0;
  bool ending_ = false;
  std::thread thread_;
};

}  // namespace cistern
