// Ingest rules: what is done with records before they are stored.
//
// The set is compiled once and matched together, rule by rule over whole batches: as rules share nothing but
// the record, that is the same as record by record. A rule sees a record as the rules before it left it.
// What waits or limits goes by the received times of the records, so that the same records give the same
// result whenever and in whatever batches they come; a clock that goes back by more than a window starts that
// window anew. State is bounded by what the definitions say; what had to be forgotten is counted.
//
// Threads: Apply, Tick, Finish and TakeOver are called by one thread at a time; Figures by any. Untrusted
// records: every step is linear in their text.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "ingest/message/record_batch.h"
#include "ingest/message/result.h"

namespace cistern {

namespace v1 {
class Rule;
}
struct EventChange;  // service/events/event_change.h

// What one call did, all rules together; calls add to it.
struct IngestOutcome {
  std::uint64_t dropped = 0;      // records that were taken out
  std::uint64_t made = 0;         // records of the daemon that were put in, of transport internal
  std::uint64_t made_octets = 0;  // as received
};

struct IngestRuleFigures {
  std::string name;
  std::uint64_t matched = 0, dropped = 0, changed = 0;  // records
  std::uint64_t events = 0;
  std::uint64_t evicted = 0;      // keys that were forgotten early
  std::uint64_t state_bytes = 0;  // about
};

class IngestRules {
 public:
  // `after` is null when the rule dropped the record. `rule` counts from 0 in what was given to Make().
  using Observe = std::function<void(std::size_t rule, const Record& before, const Record* after)>;

  struct Options {
    std::string secret;  // keys what `with: hash` makes
    // A limit began (kRaise) or ended (kResolve). May be empty; must not block.
    std::function<void(const EventChange&)> raise;
    Observe observe;  // told of each record that a rule matched; may be empty
  };
  // `key` is a path below the rule, such as `redact.patterns[1]`.
  struct Error {
    std::size_t rule = 0;
    std::string key, message;
  };

  // Takes the rules of `rules` that are enabled and are ingest rules, with their defaults filled in and
  // `expires` as a time, in the order of `order` and name. The error says what cannot be compiled.
  static Result<std::shared_ptr<IngestRules>, Error> Make(std::span<const v1::Rule> rules, Options options);
  ~IngestRules();

  // No rule is in it: Apply() would do nothing.
  bool empty() const;
  // Changes the records in place and takes out what is dropped; the order stays. Texts that change are
  // written into the arena of their batch. Records that end a wait are put behind those of the last batch.
  // `now`: ns, for `expires` alone.
  void Apply(std::span<RecordBatch* const> batches, std::int64_t now, IngestOutcome& outcome);
  void Apply(RecordBatch& batch, std::int64_t now, IngestOutcome& outcome);
  // Ends the windows and limits that are over at `now`, which is a received time; `out` receives the records
  // that say so. About each second.
  void Tick(std::int64_t now, RecordBatch& out, IngestOutcome& outcome);
  // Ends all windows and limits, over or not: before the end, or after another set has taken over.
  void Finish(RecordBatch& out, IngestOutcome& outcome);

  // Takes the state of the rules that are the same in both, and the figures of those of the same name.
  // `previous` is left with the rest, for Finish().
  void TakeOver(IngestRules& previous);

  // In the order in which the rules run.
  std::vector<IngestRuleFigures> Figures() const;

 private:
  class Impl;
  explicit IngestRules(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace cistern
