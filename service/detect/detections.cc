#include "service/detect/detections.h"

#include <algorithm>
#include <iterator>
#include <map>
#include <mutex>
#include <utility>

#include "cistern/v1/rule.pb.h"
#include "cistern/v1/stored.pb.h"
#include "ingest/message/tags.h"
#include "service/detect/running_rule.h"
#include "storage/filter/filter_set.h"

namespace cistern {
namespace {

using detect::kNever;
using detect::RunningRule;

constexpr std::uint32_t kVersion = 1;
// Rows that are looked at before what they decide is done.
constexpr std::size_t kSlice = 4096;

// Without overflow; INT64_MIN and INT64_MAX stay what they are.
std::int64_t Minus(std::int64_t time, std::int64_t span) {
  if (time == INT64_MAX) return time;
  return time < INT64_MIN + span ? INT64_MIN : time - span;
}
std::int64_t Plus(std::int64_t time, std::int64_t span) {
  return time > INT64_MAX - span ? INT64_MAX : time + span;
}

bool HasEventTag(std::string_view tags) {
  TagsReader reader(tags);
  while (const auto tag = reader.Next())
    if (tag->name == "event") return true;
  return false;
}

// The record of an event that was raised, not one that it is over or is told again by hand.
bool IsNewEvent(std::string_view tags) {
  TagsReader reader(tags);
  while (const auto tag = reader.Next()) {
    if (tag->name == "event.redelivered" || (tag->name == "event.state" && tag->value != "open"))
      return false;
  }
  return true;
}

class Engine final : public Detections {
 public:
  Engine(std::vector<std::shared_ptr<const detect::Plan>> plans, const DetectionLimits& limits)
      : limits_(limits), filters_(FiltersOf(plans)) {
    for (auto& plan : plans) rules_.push_back(std::make_unique<RunningRule>(std::move(plan), limits));
    Publish();
  }

  void Feed(BatchView& view, BlockIndex* index, const Selection* among) override;
  void Advance(std::int64_t received) override;
  void Finish(std::int64_t received) override;
  std::vector<EventChange> TakeChanges() override { return std::exchange(changes_, {}); }

  void StartBehind(std::string_view rule, RecordId id) override {
    for (auto& one : rules_)
      if (one->plan().rule.name() == rule) one->StartBehind(ToInt(id));
  }
  std::vector<DetectionState> Save() override { return SaveRules(/*all=*/false); }
  std::vector<DetectionState> SaveAll() override { return SaveRules(/*all=*/true); }
  Loaded Load(const DetectionState& state) override;
  std::uint64_t state_bytes() const override;

  std::int64_t clock() const override {
    const std::int64_t clock = std::max(clock_, promised_);
    return clock == INT64_MIN ? 0 : clock;
  }
  std::vector<DetectionFigures> figures() const override {
    const std::lock_guard lock(mutex_);
    return figures_;
  }

 private:
  // Up to where records are certain: those of most rules, and those that go by receipt.
  struct Bounds {
    std::int64_t event, receipt;
  };

  static FilterSet FiltersOf(const std::vector<std::shared_ptr<const detect::Plan>>& plans) {
    std::vector<Filter> filters;
    for (const auto& plan : plans) filters.push_back(plan->filter);
    for (const auto& plan : plans)
      if (plan->reset) filters.push_back(*plan->reset);
    return FilterSet(std::move(filters));
  }

  Bounds BoundsAt(std::int64_t clock) const { return {Minus(clock, limits_.tolerance), clock}; }
  std::vector<DetectionState> SaveRules(bool all);
  Loaded LoadCommon(std::string_view octets);
  void MergeRows();
  void ChooseRows(BatchView& view, BlockIndex* index);
  void LeaveOutEvents(BatchView& view, BlockIndex* index);
  void PassOver(BatchView& view, BlockIndex* index, const Selection* among);
  void ReadClocks(BatchView& view, const Selection* among);
  void BeginRules(BatchView& view, const Selection* among);
  void FeedSlices(BatchView& view, BlockIndex* index);
  void Run(const Bounds& bounds);
  void RunRules(const Bounds& bounds);
  bool RunReports(const Bounds& bounds);
  detect::Counters CountersOf(const std::string& rule) const;
  void Collect();
  void KeepWithinLimit();
  void Publish();

  const DetectionLimits limits_;
  const FilterSet filters_;                          // of rules_, then what else some of them see
  std::vector<std::unique_ptr<RunningRule>> rules_;  // by name
  std::int64_t clock_ = INT64_MIN, promised_ = INT64_MIN;
  std::vector<EventChange> changes_;

  // Of the batch that is fed; their memory is reused.
  std::vector<std::vector<std::uint32_t>> rows_;
  std::vector<std::int64_t> clocks_;
  Selection selected_;

  mutable std::mutex mutex_;
  std::vector<DetectionFigures> figures_;  // guarded by mutex_
};

void Engine::Feed(BatchView& view, BlockIndex* index, const Selection* among) {
  if (view.size() == 0) return;
  filters_.Match(view, among, index, rows_);
  MergeRows();
  ChooseRows(view, index);
  const bool idle = std::all_of(rows_.begin(), rows_.end(), [](const auto& rows) { return rows.empty(); }) &&
                    std::all_of(rules_.begin(), rules_.end(), [](const auto& rule) { return rule->began(); });
  if (idle) {
    PassOver(view, index, among);
    Run(BoundsAt(std::max(clock_, promised_)));
  } else {
    ReadClocks(view, among);
    BeginRules(view, among);
    FeedSlices(view, index);
  }
  KeepWithinLimit();
  Publish();
}

// Makes one list of what a rule sees.
void Engine::MergeRows() {
  std::size_t more = rules_.size();
  for (std::size_t i = 0; i < rules_.size(); ++i) {
    if (!rules_[i]->plan().reset) continue;
    std::vector<std::uint32_t> both;
    std::set_union(rows_[i].begin(), rows_[i].end(), rows_[more].begin(), rows_[more].end(),
                   std::back_inserter(both));
    rows_[i] = std::move(both);
    rows_[more++].clear();
  }
}

// Leaves out what a rule must not see.
void Engine::ChooseRows(BatchView& view, BlockIndex* index) {
  bool any = false;
  for (std::size_t i = 0; i < rules_.size(); ++i) {
    any |= !rows_[i].empty();
    if (rules_[i]->behind() == 0 || rows_[i].empty()) continue;
    const auto ids = view.Ints(Column::kId);
    std::erase_if(rows_[i], [&](std::uint32_t row) {
      return static_cast<std::uint64_t>(ids[row]) <= rules_[i]->behind();
    });
  }
  if (any) LeaveOutEvents(view, index);
}

void Engine::LeaveOutEvents(BatchView& view, BlockIndex* index) {
  constexpr auto kInternal = static_cast<std::int64_t>(Transport::kInternal);
  if (index) {
    const auto values = index->IntValues(Column::kTransport);
    const bool none = std::none_of(values.begin(), values.end(),
                                   [](const CountedInt& value) { return value.value == kInternal; });
    if (none && !values.empty()) return;
  }
  const auto transports = view.Ints(Column::kTransport);
  if (std::find(transports.begin(), transports.end(), kInternal) == transports.end()) return;
  const StringColumn tags = view.Strings(Column::kTags);
  for (std::size_t i = 0; i < rules_.size(); ++i) {
    const bool of_events = rules_[i]->plan().of_events;
    std::erase_if(rows_[i], [&](std::uint32_t row) {
      return transports[row] == kInternal && (of_events ? !IsNewEvent(tags[row]) : HasEventTag(tags[row]));
    });
  }
}

// Nothing matches: only the clock goes on.
void Engine::PassOver(BatchView& view, BlockIndex* index, const Selection* among) {
  const auto range = index && !among ? index->IntRange(Column::kReceived) : std::nullopt;
  if (range) {
    clock_ = std::max(clock_, range->max);
    return;
  }
  const auto received = view.Ints(Column::kReceived);
  for (std::size_t row = 0; row < received.size(); ++row)
    if (!among || (*among)[row]) clock_ = std::max(clock_, received[row]);
}

void Engine::ReadClocks(BatchView& view, const Selection* among) {
  const auto received = view.Ints(Column::kReceived);
  clocks_.resize(received.size());
  std::int64_t clock = clock_;
  for (std::size_t row = 0; row < received.size(); ++row) {
    if (!among || (*among)[row]) clock = std::max(clock, received[row]);
    clocks_[row] = clock;
  }
}

void Engine::BeginRules(BatchView& view, const Selection* among) {
  const auto ids = view.Ints(Column::kId);
  for (auto& rule : rules_) {
    for (std::size_t row = 0; row < ids.size() && !rule->began(); ++row) {
      if (among && !(*among)[row]) continue;
      if (static_cast<std::uint64_t>(ids[row]) > rule->behind()) rule->Begin(clocks_[row]);
    }
  }
}

void Engine::FeedSlices(BatchView& view, BlockIndex* index) {
  selected_.assign(view.size(), 0);
  std::vector<std::size_t> next(rules_.size());
  for (std::size_t begin = 0; begin < view.size(); begin += kSlice) {
    const std::size_t end = std::min(begin + kSlice, view.size());
    for (std::size_t i = 0; i < rules_.size(); ++i) {
      const std::size_t first = next[i];
      while (next[i] < rows_[i].size() && rows_[i][next[i]] < end) ++next[i];
      rules_[i]->Feed(view, index, std::span(rows_[i]).subspan(first, next[i] - first), clocks_, selected_);
    }
    clock_ = std::max(clock_, clocks_[end - 1]);
    Run(BoundsAt(std::max(clock_, promised_)));
  }
}

void Engine::Advance(std::int64_t received) {
  promised_ = std::max(promised_, received);
  for (auto& rule : rules_)
    if (!rule->began()) rule->Begin(promised_);
  Run(BoundsAt(std::max(clock_, promised_)));
  KeepWithinLimit();
  Publish();
}

void Engine::Finish(std::int64_t received) {
  const std::int64_t end = Plus(std::max({clock_, promised_, received}), 1);
  std::int64_t last = end;
  for (const auto& rule : rules_) last = std::max(last, Plus(rule->LastWaiting(), 1));
  Run({last, end});
  promised_ = std::max(promised_, received);
  Publish();
}

// Reports see what the other rules had done when their interval ended.
void Engine::Run(const Bounds& bounds) {
  while (RunReports(bounds)) {
  }
  RunRules(bounds);
  Collect();
}

void Engine::RunRules(const Bounds& bounds) {
  for (auto& rule : rules_)
    if (!rule->is_report()) rule->RunUntil(rule->by_receipt() ? bounds.receipt : bounds.event);
}

bool Engine::RunReports(const Bounds& bounds) {
  std::int64_t end = kNever;
  for (const auto& rule : rules_) end = std::min(end, rule->NextInterval());
  if (end >= bounds.event) return false;
  RunRules({end, std::min(Plus(end, limits_.tolerance), bounds.receipt)});
  for (auto& rule : rules_)
    if (rule->NextInterval() == end)
      rule->EndInterval([this](const std::string& name) { return CountersOf(name); });
  return true;
}

detect::Counters Engine::CountersOf(const std::string& rule) const {
  for (const auto& one : rules_)
    if (one->plan().rule.name() == rule) return one->counters();
  return {};
}

// In the order in which it could be known, then by rule: the same whatever the batches.
void Engine::Collect() {
  struct Known {
    std::int64_t at;
    EventChange change;
  };
  std::vector<Known> known;
  for (auto& rule : rules_) {
    if (!rule->events().has_written()) continue;
    const std::int64_t wait = rule->by_receipt() ? 0 : limits_.tolerance;
    for (auto& written : rule->events().Take())
      known.push_back({Plus(written.at, wait), std::move(written.change)});
  }
  std::stable_sort(known.begin(), known.end(), [](const Known& a, const Known& b) { return a.at < b.at; });
  for (Known& one : known) changes_.push_back(std::move(one.change));
}

std::uint64_t Engine::state_bytes() const {
  std::uint64_t bytes = 0;
  for (const auto& rule : rules_)
    if (rule->changed()) bytes += rule->bytes();
  return bytes;
}

void Engine::KeepWithinLimit() {
  std::uint64_t bytes = 0;
  for (const auto& rule : rules_) bytes += rule->bytes();
  bool any = true;
  while (bytes > limits_.max_state && any) {
    const auto largest = std::max_element(
        rules_.begin(), rules_.end(), [](const auto& a, const auto& b) { return a->bytes() < b->bytes(); });
    const std::uint64_t before = (*largest)->bytes();
    any = (*largest)->Shrink();
    bytes -= before - std::min<std::uint64_t>(before, (*largest)->bytes());
  }
  Collect();
}

void Engine::Publish() {
  std::vector<DetectionFigures> figures;
  for (const auto& rule : rules_) figures.push_back(rule->figures());
  const std::lock_guard lock(mutex_);
  figures_ = std::move(figures);
}

std::vector<DetectionState> Engine::SaveRules(bool all) {
  v1::StoredDetections common;
  common.set_version(kVersion);
  if (clock_ != INT64_MIN) common.set_clock(clock_);
  if (promised_ != INT64_MIN) common.set_promised(promised_);
  std::vector<DetectionState> states;
  states.push_back({"", detect::Sealed(common.SerializeAsString())});
  for (auto& rule : rules_)
    if (all || rule->changed()) states.push_back({rule->plan().rule.name(), rule->Save()});
  return states;
}

Detections::Loaded Engine::Load(const DetectionState& state) {
  if (state.rule.empty()) return LoadCommon(state.octets);
  for (auto& rule : rules_) {
    if (rule->plan().rule.name() != state.rule) continue;
    auto loaded = std::make_unique<RunningRule>(rule->shared_plan(), limits_);
    const Loaded outcome = loaded->Load(state.octets);
    if (outcome == Loaded::kDone) rule = std::move(loaded);
    Publish();
    return outcome;
  }
  return Loaded::kUnknown;
}

Detections::Loaded Engine::LoadCommon(std::string_view octets) {
  v1::StoredDetections common;
  const std::string_view whole = detect::Unsealed(octets);
  if (whole.empty() || !common.ParseFromArray(whole.data(), static_cast<int>(whole.size())))
    return Loaded::kDamaged;
  if (common.version() != kVersion) return Loaded::kOther;
  if (common.has_clock()) clock_ = common.clock();
  if (common.has_promised()) promised_ = common.promised();
  return Loaded::kDone;
}

}  // namespace

Result<std::unique_ptr<Detections>, std::string> Detections::Make(std::span<const v1::Rule> rules,
                                                                  const DetectionLimits& limits) {
  std::map<std::string, std::shared_ptr<const detect::Plan>> plans;
  for (const v1::Rule& rule : rules) {
    if (!rule.enabled() || !detect::EventConfigOf(rule)) continue;
    auto plan = detect::MakePlan(rule);
    if (!plan) return {boost::system::in_place_error, plan.error()};
    plans[rule.name()] = std::move(*plan);
  }
  std::vector<std::shared_ptr<const detect::Plan>> sorted;
  for (auto& [name, plan] : plans) sorted.push_back(std::move(plan));
  return std::unique_ptr<Detections>(std::make_unique<Engine>(std::move(sorted), limits));
}

}  // namespace cistern
