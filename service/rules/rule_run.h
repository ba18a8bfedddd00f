// Rules over records that are no news: those of a test, or of history. The engines are the daemon's own, and
// the time is that of the records, so what comes of it is what would have come of it live.
//
// Only records that an ingest rule matches are put together; the rest stays in its columns. Threads: one at a
// time. Memory: what the rules keep, `max_events`, and a batch.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "service/detect/arrival_clock.h"
#include "service/detect/detections.h"
#include "service/rules/event_list.h"
#include "service/rules/ingest_rules.h"
#include "storage/filter/filter_set.h"

namespace cistern {

// What one rule did.
struct RuleRunFigures {
  std::string name;
  std::uint64_t matched = 0, dropped = 0, changed = 0, events = 0;
  std::uint64_t keys = 0, evicted = 0, expired = 0, state_bytes = 0;
};

class RuleRun {
 public:
  struct Options {
    DetectionLimits limits;
    std::string secret;    // as of IngestRules
    std::string hostname;  // of the records of events
    std::size_t max_events = 1000;
    // Told of records that an ingest rule matched: of all, or of some where only `drop` is at work.
    IngestRules::Observe observe;
    // Asked every thousand records or so; once it is true, nothing but the destructor is called. May be
    // empty.
    std::function<bool()> stop;
    // Told of each record that would be stored, in order; every record is put together then. May be empty.
    std::function<void(const Record&)> stored;
  };
  // `rules`: with their defaults filled in and `expires` as a time; those in force at `now` (ns) run. The
  // error says which rule cannot be compiled and why.
  static Result<std::unique_ptr<RuleRun>, std::string> Make(std::vector<v1::Rule> rules, std::int64_t now,
                                                            Options options);

  ~RuleRun();

  // Records in the order of their ids, behind those of the calls before; `index` and `among` as of FilterSet.
  void Feed(BatchView& view, BlockIndex* index, const Selection* among);
  // No more records come, and it is `now` by the clock of receipt (ns).
  void Finish(std::int64_t now);

  // In the order of the rules given, of those that run.
  std::vector<RuleRunFigures> figures() const;
  const EventList& events() const { return events_; }
  // Octets as received that would not have been stored, about; less than 0 when more would have been.
  std::int64_t octets_saved() const { return octets_saved_; }
  // Some rule looks at events.
  bool reads_events() const { return reads_events_; }

 private:
  RuleRun(std::vector<v1::Rule> rules, std::int64_t now, Options options);
  Result<void, std::string> Compile();
  void ReadClock(BatchView& view, const Selection* among);
  void Observe(std::size_t rule, const Record& before, const Record* after);
  void MatchRules(BatchView& view, BlockIndex* index, const Selection* among);
  void FeedDrops(BatchView& view, BlockIndex* index, const Selection* among);
  void FeedChanges(BatchView& view, BlockIndex* index, const Selection* among);
  std::size_t Mark(const std::vector<std::vector<std::uint32_t>>& rows, std::size_t size);
  void CountDrops(BatchView& view, std::size_t place, std::size_t fresh);
  bool ApplyIngest(BatchView& view, IngestOutcome& outcome);
  void EndWaits(std::int64_t now);
  void Merge(BatchView& view, const Selection* among);
  void Detect(BatchView& view, BlockIndex* index, const Selection* among);
  void DetectEvents();
  void TakeChanges();

  const std::vector<v1::Rule> rules_;
  const std::int64_t now_;
  const Options options_;
  std::shared_ptr<IngestRules> ingest_;
  std::unique_ptr<Detections> detections_;  // null: there are none
  std::vector<std::size_t> order_;          // ingest rules in the order they run, by place in rules_
  FilterSet filters_;                       // theirs, then that of records of events
  bool drops_only_ = false, reads_events_ = false;
  std::vector<RuleRunFigures> drops_;  // by place in order_; with drops_only_

  EventList events_;
  std::vector<EventChange> limits_;  // what limits have to say, not taken yet
  RecordBatch event_records_;
  std::int64_t octets_saved_ = 0;
  ArrivalClock arrival_;
  std::int64_t clock_ = 0;     // it, or the end of the run
  std::uint64_t last_id_ = 0;  // of the records fed

  // Of the batch that is being fed.
  std::vector<std::vector<std::uint32_t>> rows_;
  Selection marked_;   // rows that an ingest rule matches; with drops_only_, that go
  RecordBatch batch_;  // what the ingest rules left of them
  std::vector<Record> merged_;
  bool changed_ = false;
  std::string octets_;
};

}  // namespace cistern
