#include "service/rule_system.h"

#include <spdlog/spdlog.h>
#include <sys/random.h>

#include "cistern/v1/config.pb.h"
#include "ingest/message/wall_time.h"
#include "service/pipeline/pipeline.h"
#include "service/rules/definition.h"
#include "service/rules/ingest_rules.h"
#include "service/rules/rule_history.h"

namespace cistern {
namespace {

constexpr char kSecretKind[] = "secret";
constexpr char kSecretName[] = "redaction";
constexpr std::size_t kSecretSize = 32;
// Between the receipt of a record and its entry in the books.
constexpr std::int64_t kEntrySlack = 1'000'000'000;

}  // namespace

RuleSystem::RuleSystem(Store& store, EventStore& events, DetectionLimits limits, RuleBook::Clock clock)
    : store_(store), events_(events), limits_(limits), clock_(clock), book_(store, clock) {}

RuleSystem::~RuleSystem() { Stop(); }

RuleBook::Outcome<void> RuleSystem::Open(std::span<const v1::Rule> configured) {
  if (auto loaded = LoadSecret(); !loaded) return loaded;
  if (auto opened = book_.Open(); !opened) return opened;
  return book_.Configure(configured);
}

// Made once, so that equal values stay equal over restarts.
RuleBook::Outcome<void> RuleSystem::LoadSecret() {
  const auto object = store_.GetObject(kSecretKind, kSecretName);
  if (!object) return RuleStoreTrouble(object.error());
  if (*object && (*object)->body.size() == kSecretSize) {
    secret_ = (*object)->body;
    return {};
  }
  secret_.resize(kSecretSize);
  if (getrandom(secret_.data(), secret_.size(), 0) != static_cast<ssize_t>(kSecretSize))
    return ChangeError{ChangeError::Kind::kStopping, "the system gives no random octets", {}};
  StateChange write;
  write.objects.push_back({kSecretKind, kSecretName, secret_, std::nullopt});
  const auto done = store_.ChangeState(write);
  return done ? RuleBook::Outcome<void>() : RuleBook::Outcome<void>(RuleStoreTrouble(done.error()));
}

void RuleSystem::Start(Pipeline& pipeline) {
  pipeline_ = &pipeline;
  DetectionRunner::Options options;
  options.limits = limits_;
  options.commit = [this](std::vector<EventChange> changes, StateChange also) {
    return events_.Commit(std::move(changes), std::move(also));
  };
  options.settled = [this] { return SettledTime(); };
  options.clock = clock_;
  runner_ = std::make_unique<DetectionRunner>(store_, std::move(options));
  book_.Listen([this](const RuleSetPtr& set) { Use(set); });
}

// While nothing is on its way, no record with an older time can come.
std::int64_t RuleSystem::SettledTime() const {
  const std::int64_t now = clock_();
  const bool at_rest = pipeline_->ledger().Read().in_flight() == 0 && !pipeline_->is_degraded();
  return at_rest ? now - kEntrySlack : INT64_MIN;
}

void RuleSystem::Use(const RuleSetPtr& set) {
  std::vector<v1::Rule> all;
  for (const RuleEntry& entry : set->rules) all.push_back(*entry.definition);
  events_.SetRules(all);
  UseIngestRules(*set);
  runner_->SetRules(set->Detections(clock_()));
}

void RuleSystem::UseIngestRules(const RuleSet& set) {
  const std::vector<v1::Rule> rules = set.IngestRules(clock_());
  IngestRules::Options options;
  options.secret = secret_;
  options.raise = [this](const EventChange& change) { events_.Raise(change); };
  auto made = IngestRules::Make(rules, std::move(options));
  if (made) return pipeline_->SetIngestRules(std::move(*made));
  spdlog::error("rule \"{}\": {}: {}; the ingest rules stay as they were", rules[made.error().rule].name(),
                made.error().key, made.error().message);
}

void RuleSystem::Stop() {
  if (runner_) runner_->Stop();
}

void RuleSystem::Tick() { book_.Tick(); }

std::map<std::string, RuleFigures> RuleSystem::Figures() const {
  std::map<std::string, RuleFigures> figures;
  if (pipeline_ == nullptr) return figures;
  for (const IngestRuleFigures& rule : pipeline_->ingest_rule_figures()) {
    figures[rule.name] = {.matched = rule.matched,
                          .dropped = rule.dropped,
                          .changed = rule.changed,
                          .events = rule.events,
                          .evicted = rule.evicted,
                          .state_bytes = rule.state_bytes};
  }
  for (const DetectionFigures& rule : runner_->figures().rules) {
    figures[rule.name] = {.matched = rule.matched,
                          .events = rule.events,
                          .keys = rule.keys,
                          .evicted = rule.evicted,
                          .expired = rule.expired,
                          .state_bytes = rule.state_bytes};
  }
  for (const auto& [name, suppressed] : events_.figures().suppressed) {
    if (const auto rule = figures.find(name); rule != figures.end()) rule->second.suppressed = suppressed;
  }
  return figures;
}

DetectionRunnerFigures RuleSystem::DetectionsFigures() const {
  return runner_ ? runner_->figures() : DetectionRunnerFigures();
}

DetectionLimits LimitsOf(const v1::Config& config) {
  DetectionLimits limits;
  limits.tolerance = config.detections().tolerance();
  limits.max_state = config.detections().max_state();
  return limits;
}

EventStore::Limits EventLimitsOf(const v1::Config& config) {
  EventStore::Limits limits;
  limits.max_count = config.events().max_count();
  limits.max_per_minute = config.events().max_per_minute();
  limits.max_age =
      std::chrono::ceil<std::chrono::seconds>(std::chrono::nanoseconds(config.events().max_age()));
  return limits;
}

RulesState StateOf(RuleSystem& rules, const EventStore& events) {
  const RuleSetPtr set = rules.book().Snapshot();
  const DetectionRunnerFigures detections = rules.DetectionsFigures();
  RulesState state;
  state.total = set->rules.size();
  for (const RuleEntry& entry : set->rules) state.enabled += IsInForce(*entry.definition, WallTime()) ? 1 : 0;
  state.lag_records = detections.lag_records;
  state.lag_seconds = detections.lag_seconds;
  state.missed_records = detections.missed;
  state.open_events = events.figures().open;
  return state;
}

}  // namespace cistern
