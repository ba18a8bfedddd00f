// The engine of detections: reads records in the order of their ids, raises events by their times.
//
// Pure: no store, no thread, no clock. The same records give the same events, in the same order, however they
// are cut into batches, whether the engine was saved and loaded in between, live or over history.
//
// The time of a record is its event time, but never more than the tolerance before the newest received time
// up to it (the arrival clock): what comes later than that counts as of then. Records are processed in the
// order of that time, then of their ids, once no earlier one can come: when the arrival clock has passed
// their time by the tolerance. What waits (ends of intervals, expiries) happens at its time in the same
// order. `absent` goes by received times alone and needs no tolerance.
//
// The arrival clock goes back when the clock of the machine was set back (arrival_clock.h). All that rules
// keep moves by as much, as if no time had passed. Where it leaps ahead, time passed: what was due happens,
// but a report of more than 24 intervals in which nothing came is one.
//
// State is bounded: keys by rule, octets by rule and in all; the key not seen for longest goes first and is
// counted. A rule for which too much waits for its time processes the oldest of it early.
// Threads: one at a time; figures() by any.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "ingest/message/result.h"
#include "service/events/event_change.h"
#include "storage/batch_view.h"
#include "storage/block_index.h"
#include "storage/filter/filter.h"

namespace cistern {

namespace v1 {
class Rule;
}

struct DetectionLimits {
  std::int64_t tolerance = 5'000'000'000;     // ns
  std::int64_t event_skew = 300'000'000'000;  // ns; a message time further from receipt does not count
  std::uint64_t max_state = 8 << 20;          // octets, all rules together, about
};

// Of one rule, since it was made or loaded.
struct DetectionFigures {
  std::string name;
  std::uint64_t matched = 0;      // records
  std::uint64_t events = 0;       // raised
  std::uint64_t evicted = 0;      // keys forgotten for want of room
  std::uint64_t expired = 0;      // transactions given up
  std::uint64_t early = 0;        // records processed before their order was certain, for want of room
  std::uint64_t keys = 0;         // kept now
  std::uint64_t waiting = 0;      // records whose order is not certain yet, now
  std::uint64_t state_bytes = 0;  // now, about
};

// State of one rule, or, without a name, what all have in common. The octets have a version and a checksum.
struct DetectionState {
  std::string rule;
  std::string octets;
};

// Names that templates of this rule may use besides fields: what its `extract` finds, what its kind adds, and
// `count`, `first`, `last`, `key`.
std::vector<std::string> DetectionNames(const v1::Rule& rule);

// Keys of the open events that this rule would have resolved.
std::vector<std::string> KeysToResolve(const DetectionState& state);

class Detections {
 public:
  // Takes the rules of `rules` that are enabled and are detections, with their defaults filled in and
  // `expires` as a time. The error says which rule cannot be compiled and why.
  static Result<std::unique_ptr<Detections>, std::string> Make(std::span<const v1::Rule> rules,
                                                               const DetectionLimits& limits);
  virtual ~Detections() = default;

  // The rows of `view` that `among` selects (null: all), in the order of their ids, behind those of the calls
  // before. `index` is that of the view when it has one.
  virtual void Feed(BatchView& view, BlockIndex* index, const Selection* among = nullptr) = 0;
  // Promises that no record received before `received` (ns) will come any more.
  virtual void Advance(std::int64_t received) = 0;
  // No record will come any more, and it is `received` now: nothing waits for the tolerance. Ends a
  // rehearsal or a test.
  virtual void Finish(std::int64_t received) = 0;
  // What there is to say about events since the last call, in order.
  virtual std::vector<EventChange> TakeChanges() = 0;
  // Called in the middle of the calls above when there are a thousand changes or more, so that a storm of
  // them need not be held in memory: they may be taken, with the state after them, by TakeChanges() and
  // Save(). All records up to `through` are in that state; 0: those of the calls before.
  virtual void OnManyChanges(std::function<void(RecordId through)> take) = 0;

  // The rule sees only records behind `id`, and begins with the first of them. For rules that are new.
  virtual void StartBehind(std::string_view rule, RecordId id) = 0;
  // What changed since the last call, or all of it.
  virtual std::vector<DetectionState> Save() = 0;
  virtual std::vector<DetectionState> SaveAll() = 0;
  // kUnknown: no such rule. kOther: of a rule that is not the same in what it looks for. Both and kDamaged
  // leave the rule as it was.
  enum class Loaded { kDone, kUnknown, kOther, kDamaged };
  virtual Loaded Load(const DetectionState& state) = 0;
  // About; grows with what there is to Save().
  virtual std::uint64_t state_bytes() const = 0;

  // The arrival clock (arrival_clock.h), or what Advance() promised; ns, 0: none yet.
  virtual std::int64_t clock() const = 0;
  // By name of the rule.
  virtual std::vector<DetectionFigures> figures() const = 0;
};

}  // namespace cistern
