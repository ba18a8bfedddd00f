// Rules at work: the rule book, and those who are told of its rules: the pipeline, which has the ingest
// rules, the runner of detections, and the store of events.
//
// Start order: Open() with the store, Start() once the pipeline runs, Stop() before events and pipeline end.
// Tick() about once a second. Threads: these four on one; the rest on any.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>

#include "service/control/control_options.h"
#include "service/detect/runner.h"
#include "service/events/event_store.h"
#include "service/rules/rule_book.h"
#include "service/rules/rule_figures.h"

namespace cistern {

class Pipeline;
namespace v1 {
class Config;
}

class RuleSystem {
 public:
  // `store` and `events` outlive this object.
  RuleSystem(Store& store, EventStore& events, DetectionLimits limits, RuleBook::Clock clock);
  ~RuleSystem();

  // Takes what the store has, and makes the rules of the configuration what it says.
  RuleBook::Outcome<void> Open(std::span<const v1::Rule> configured);
  // From now on rules work. `pipeline` outlives this object.
  void Start(Pipeline& pipeline);
  // Detections end; what they know is written.
  void Stop();
  void Tick();

  RuleBook& book() { return book_; }
  // Keys what redaction makes of values; of this store.
  const std::string& secret() const { return secret_; }
  std::map<std::string, RuleFigures> Figures() const;
  // How far detections are behind.
  DetectionRunnerFigures DetectionsFigures() const;

 private:
  RuleBook::Outcome<void> LoadSecret();
  void Use(const RuleSetPtr& set);
  void UseIngestRules(const RuleSet& set);
  std::int64_t SettledTime() const;

  Store& store_;
  EventStore& events_;
  const DetectionLimits limits_;
  const RuleBook::Clock clock_;
  RuleBook book_;
  std::string secret_;
  Pipeline* pipeline_ = nullptr;             // from Start() on
  std::unique_ptr<DetectionRunner> runner_;  // likewise
};

// What the configuration says of them.
DetectionLimits LimitsOf(const v1::Config& config);
EventStore::Limits EventLimitsOf(const v1::Config& config);
// What the status says of them. Any thread.
RulesState StateOf(RuleSystem& rules, const EventStore& events);

}  // namespace cistern
