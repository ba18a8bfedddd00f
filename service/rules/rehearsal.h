// Rehearsal: rules over stored records as if they had been in force. Nothing is changed.
//
// Ingest rules in force run as well, so that the rules that are tried see records as they would; but not
// those that thin out (sample, limit, deduplicate): stored records have been through them. Where a rule that
// is tried replaces one in force, that one runs beside it, over the same records.
//
// Threads: one at a time; blocks on disk. The store must outlive it.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "service/rules/rule_book.h"
#include "service/rules/rule_run.h"
#include "storage/filter/filter_set.h"
#include "storage/store.h"

namespace cistern {

struct RehearsalPlan {
  std::vector<v1::Rule> rules;     // to try; defaults filled in, `expires` as a time
  std::vector<std::string> names;  // of rules in force that run with them
  bool alone = false;              // without the other ingest rules in force
  std::int64_t from = INT64_MIN;   // received, ns, inclusive
  std::int64_t to = INT64_MAX;     // exclusive
  Filter filter;                   // only these records
  std::size_t samples = 3;         // of each rule
  std::size_t max_events = 100;
  DetectionLimits limits;
  std::string secret, hostname;  // as of RuleRun
  std::function<bool()> stop;    // asked within steps: once it is true, nothing but the destructor is called
};

// A record, as it was and as it would have been stored.
struct RehearsedSample {
  std::uint64_t id = 0;
  std::string message, message_after;
  std::vector<std::pair<std::string, std::string>> tags;  // new ones
  bool dropped = false;
};

struct RehearsedRuleFigures {
  RuleRunFigures now;
  std::optional<RuleRunFigures> before;  // of the rule in force that it replaces
  std::vector<RehearsedSample> samples;
};

class Rehearsal {
 public:
  // `now`: ns; what is received later is left out. The error is a sentence for the user.
  static Result<std::unique_ptr<Rehearsal>, std::string> Make(Store& store, const RuleSet& in_force,
                                                              RehearsalPlan plan, std::int64_t now);
  ~Rehearsal();

  enum class Progress { kMore, kDone };
  // Passes one stored batch. Once it is done, it must not be called again.
  Result<Progress> Step();

  std::uint64_t records() const;        // passed so far
  std::uint64_t total_records() const;  // in the range
  std::int64_t octets_saved() const;
  // In the order of the plan: its rules, then its names.
  std::vector<RehearsedRuleFigures> figures() const;
  const std::vector<v1::Event>& events() const;

 private:
  struct Impl;
  explicit Rehearsal(std::unique_ptr<Impl> impl);
  const std::unique_ptr<Impl> impl_;
};

}  // namespace cistern
