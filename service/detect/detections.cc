#include "service/detect/detections.h"

#include <algorithm>
#include <map>
#include <mutex>
#include <utility>

#include "cistern/v1/rule.pb.h"
#include "cistern/v1/stored.pb.h"
#include "service/detect/arrival_clock.h"
#include "service/detect/row_chooser.h"
#include "service/detect/running_rule.h"

namespace cistern {
namespace {

using detect::kNever;
using detect::RunningRule;

constexpr std::uint32_t kVersion = 1;
// Rows, and matches of all rules together, that are looked at before what they decide is done.
constexpr std::size_t kSlice = 4096;
// Things that are done, about, before what came of them may be taken, and changes that then are.
constexpr std::size_t kPortion = 1000;

// Without overflow; INT64_MIN and INT64_MAX stay what they are.
std::int64_t Minus(std::int64_t time, std::int64_t span) {
  if (time == INT64_MAX) return time;
  return time < INT64_MIN + span ? INT64_MIN : time - span;
}
std::int64_t Plus(std::int64_t time, std::int64_t span) {
  return time > INT64_MAX - span ? INT64_MAX : time + span;
}

class Engine final : public Detections {
 public:
  Engine(std::vector<std::shared_ptr<const detect::Plan>> plans, const DetectionLimits& limits)
      : limits_(limits), chooser_(plans), arrival_(limits.tolerance) {
    for (auto& plan : plans) rules_.push_back(std::make_unique<RunningRule>(std::move(plan), limits));
    Publish();
  }

  void Feed(BatchView& view, BlockIndex* index, const Selection* among) override;
  void Advance(std::int64_t received) override;
  void Finish(std::int64_t received) override;
  std::vector<EventChange> TakeChanges() override { return std::exchange(changes_, {}); }
  void OnManyChanges(std::function<void(RecordId)> take) override { take_ = std::move(take); }

  void StartBehind(std::string_view rule, RecordId id) override {
    for (auto& one : rules_)
      if (one->plan().rule.name() == rule) one->StartBehind(ToInt(id));
  }
  std::vector<DetectionState> Save() override { return SaveRules(/*all=*/false); }
  std::vector<DetectionState> SaveAll() override { return SaveRules(/*all=*/true); }
  Loaded Load(const DetectionState& state) override;
  std::uint64_t state_bytes() const override;

  std::int64_t clock() const override { return arrival_.now() == INT64_MIN ? 0 : arrival_.now(); }
  std::vector<DetectionFigures> figures() const override {
    const std::lock_guard lock(mutex_);
    return figures_;
  }

 private:
  // Up to where records are certain: those of most rules, and those that go by receipt.
  struct Bounds {
    std::int64_t event, receipt;
    bool operator==(const Bounds&) const = default;
  };

  std::vector<DetectionState> SaveRules(bool all);
  Loaded LoadCommon(std::string_view octets);
  void FeedSlices(BatchView& view, BlockIndex* index, const Selection* among);
  std::size_t ReadClocks(BatchView& view, const Selection* among, std::size_t begin, std::size_t end);
  void MoveClock(std::int64_t received, bool internal);
  void Moved(ArrivalClock::Move move, std::int64_t before);
  void BeginRules(BatchView& view, const Selection* among, std::size_t begin, std::size_t end);
  void Run();
  void RunUntil(const Bounds& whole);
  Bounds PortionOf(const Bounds& whole) const;
  void RunRules(const Bounds& bounds);
  bool RunReports(const Bounds& bounds);
  detect::Counters CountersOf(const std::string& rule) const;
  void Collect();
  void TellMany();
  void KeepWithinLimit();
  void Publish();

  const DetectionLimits limits_;
  detect::RowChooser chooser_;
  std::vector<std::unique_ptr<RunningRule>> rules_;  // by name
  ArrivalClock arrival_;
  bool leap_ = false;  // what follows from the last one is not all done
  std::vector<EventChange> changes_;
  std::function<void(RecordId)> take_;

  // Of the batch that is fed; their memory is reused.
  BatchView* view_ = nullptr;
  std::size_t fed_ = 0;  // rows of it
  std::vector<std::int64_t> clocks_;
  Selection selected_;

  mutable std::mutex mutex_;
  std::vector<DetectionFigures> figures_;  // guarded by mutex_
};

void Engine::Feed(BatchView& view, BlockIndex* index, const Selection* among) {
  if (view.size() == 0) return;
  chooser_.Choose(rules_, view, index, among);
  const bool idle = chooser_.none() &&
                    std::all_of(rules_.begin(), rules_.end(), [](const auto& rule) { return rule->began(); });
  const auto range = idle && index && !among ? index->IntRange(Column::kReceived) : std::nullopt;
  if (range && arrival_.TakeRange(range->min, range->max)) {
    Run();
  } else {
    FeedSlices(view, index, among);
  }
  KeepWithinLimit();
  Publish();
}

void Engine::FeedSlices(BatchView& view, BlockIndex* index, const Selection* among) {
  view_ = &view;
  fed_ = 0;
  clocks_.resize(view.size());
  selected_.assign(view.size(), 0);
  std::vector<std::size_t> next(rules_.size());
  while (fed_ < view.size()) {
    const std::size_t begin = fed_;
    const std::size_t most = chooser_.EndOf(begin, std::min(begin + kSlice, view.size()), kSlice);
    const std::size_t end = ReadClocks(view, among, begin, most);
    BeginRules(view, among, begin, end);
    for (std::size_t i = 0; i < rules_.size(); ++i) {
      const auto& rows = chooser_.rows()[i];
      const std::size_t first = next[i];
      while (next[i] < rows.size() && rows[next[i]] < end) ++next[i];
      rules_[i]->Feed(view, index, std::span(rows).subspan(first, next[i] - first), clocks_, selected_);
    }
    fed_ = end;
    Run();
  }
  view_ = nullptr;
}

// Up to the row behind `begin`, or `end`, before which the clock does not just go on.
std::size_t Engine::ReadClocks(BatchView& view, const Selection* among, std::size_t begin, std::size_t end) {
  const auto received = view.Ints(Column::kReceived);
  for (std::size_t row = begin; row < end; ++row) {
    if (!among || (*among)[row]) {
      const bool internal = arrival_.IsBehind(received[row]) && detect::IsInternal(view, row);
      if (arrival_.MoveOf(received[row], internal) == ArrivalClock::Move::kOn) {
        arrival_.Take(received[row], internal);
      } else if (row > begin) {
        return row;
      } else {
        MoveClock(received[row], internal);
      }
    }
    clocks_[row] = arrival_.clock();
  }
  return end;
}

void Engine::MoveClock(std::int64_t received, bool internal) {
  Run();
  const std::int64_t before = arrival_.now();
  Moved(arrival_.Take(received, internal), before);
}

void Engine::Moved(ArrivalClock::Move move, std::int64_t before) {
  if (move == ArrivalClock::Move::kBack)
    for (auto& rule : rules_) rule->SetBack(before - arrival_.now());
  leap_ |= move == ArrivalClock::Move::kLeap;
  if (move != ArrivalClock::Move::kOn) Run();
}

void Engine::BeginRules(BatchView& view, const Selection* among, std::size_t begin, std::size_t end) {
  for (auto& rule : rules_) {
    for (std::size_t row = begin; row < end && !rule->began(); ++row) {
      if (among && !(*among)[row]) continue;
      if (static_cast<std::uint64_t>(view.Ints(Column::kId)[row]) > rule->behind()) rule->Begin(clocks_[row]);
    }
  }
}

void Engine::Advance(std::int64_t received) {
  const std::int64_t before = arrival_.now();
  Moved(arrival_.Promise(received), before);
  for (auto& rule : rules_)
    if (!rule->began()) rule->Begin(arrival_.now());
  Run();
  KeepWithinLimit();
  Publish();
}

void Engine::Finish(std::int64_t received) {
  const std::int64_t now = std::max(arrival_.now(), received);
  leap_ |= arrival_.Promise(now) == ArrivalClock::Move::kLeap;
  std::int64_t last = Plus(now, 1);
  for (const auto& rule : rules_) last = std::max(last, Plus(rule->LastWaiting(), 1));
  RunUntil({last, Plus(now, 1)});
  Publish();
}

void Engine::Run() { RunUntil({Minus(arrival_.now(), limits_.tolerance), arrival_.now()}); }

// Reports see what the other rules had done when their interval ended.
void Engine::RunUntil(const Bounds& whole) {
  for (bool done = false; !done;) {
    const Bounds bounds = PortionOf(whole);
    done = bounds == whole;
    while ((done || !leap_) && RunReports(bounds)) {
    }
    RunRules(bounds);
    Collect();
    if (done) leap_ = false;
    TellMany();
  }
}

// So far that only so much is done at once.
Engine::Bounds Engine::PortionOf(const Bounds& whole) const {
  const std::size_t most = std::max<std::size_t>(kPortion / std::max<std::size_t>(rules_.size(), 1), 16);
  std::int64_t clock = kNever;
  for (const auto& rule : rules_) {
    const bool by_receipt = rule->by_receipt();
    const std::int64_t end = rule->PortionEnd(by_receipt ? whole.receipt : whole.event, most);
    clock = std::min(clock, by_receipt ? end : Plus(end, limits_.tolerance));
  }
  return {std::min(whole.event, Minus(clock, limits_.tolerance)), std::min(whole.receipt, clock)};
}

void Engine::RunRules(const Bounds& bounds) {
  for (auto& rule : rules_)
    if (!rule->is_report()) rule->RunUntil(rule->by_receipt() ? bounds.receipt : bounds.event);
}

bool Engine::RunReports(const Bounds& bounds) {
  std::int64_t end = kNever;
  for (auto& rule : rules_) {
    if (leap_) rule->SkipIntervals(bounds.event);
    end = std::min(end, rule->NextInterval());
  }
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

void Engine::TellMany() {
  if (!take_ || changes_.size() < kPortion) return;
  const bool any = view_ && fed_ > 0;
  take_(any ? RecordId{static_cast<std::uint64_t>(view_->Ints(Column::kId)[fed_ - 1])} : RecordId{});
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
  arrival_.Save(common);
  if (leap_) common.set_leap(true);
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
  arrival_.Load(common);
  leap_ = common.leap();
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
