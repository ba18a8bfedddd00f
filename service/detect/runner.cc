#include "service/detect/runner.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <utility>

#include "proto/convert/record.h"
#include "service/detect/plan.h"
#include "storage/thread_priority.h"

namespace cistern {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr char kCursor[] = "detections";
constexpr char kKind[] = "detection";   // objects: the state of a rule, by its name
constexpr char kCommon[] = "_common_";  // no rule is called so
constexpr std::size_t kListed = 256;
// Between commits: at least, and at most, whatever the size of the state.
constexpr auto kStateInterval = milliseconds(1000), kEventInterval = milliseconds(200);
constexpr auto kLongestStateInterval = milliseconds(30'000), kLongestEventInterval = milliseconds(800);
constexpr auto kRetry = milliseconds(1000), kLongestWait = milliseconds(500);
constexpr std::uint64_t kStateBytesASecond = 1 << 20;
// So many are committed whatever the time.
constexpr std::size_t kManyChanges = 1000;

}  // namespace

DetectionRunner::DetectionRunner(Store& store, Options options)
    : store_(store), options_(std::move(options)) {}

DetectionRunner::~DetectionRunner() { Stop(); }

void DetectionRunner::SetRules(std::vector<v1::Rule> rules) {
  {
    const std::lock_guard lock(mutex_);
    const RecordId newest = rules_ ? rules_->newest : store_.last_id();
    rules_ = NewRules{std::move(rules), newest};
    if (!thread_.joinable() && !ending_) thread_ = std::thread([this] { Run(); });
  }
  changed_.notify_all();
  store_.WakeWaiters();
}

void DetectionRunner::Stop() {
  {
    const std::lock_guard lock(mutex_);
    ending_ = true;
  }
  changed_.notify_all();
  store_.WakeWaiters();
  if (thread_.joinable()) thread_.join();
}

DetectionRunnerFigures DetectionRunner::figures() const {
  DetectionRunnerFigures figures;
  std::shared_ptr<const Detections> engine;
  RecordId position{};
  {
    const std::lock_guard lock(mutex_);
    engine = shown_;
    position = shown_position_;
    figures.missed = missed_;
  }
  if (!engine) return figures;
  figures.rules = engine->figures();
  const Backlog behind = store_.Behind(position);
  figures.lag_records = behind.records;
  if (behind.oldest_received > 0)
    figures.lag_seconds =
        static_cast<double>(std::max<std::int64_t>(options_.clock() - behind.oldest_received, 0)) / 1e9;
  return figures;
}

std::optional<DetectionRunner::NewRules> DetectionRunner::TakeRules() {
  const std::lock_guard lock(mutex_);
  return std::exchange(rules_, std::nullopt);
}

bool DetectionRunner::ending() const {
  const std::lock_guard lock(mutex_);
  return ending_;
}

void DetectionRunner::Run() {
  SetThreadPriority(ThreadPriority::kReader);
  while (!ending()) {
    if (auto rules = TakeRules()) UseRules(std::move(*rules));
    engine_ ? Turn() : WaitForRules();
  }
  if (engine_ && !Commit()) spdlog::warn("detections: the last second will be gone through again");
}

void DetectionRunner::WaitForRules() {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return ending_ || rules_; });
}

// What the engine before knew is written first, and then read by the one behind it.
void DetectionRunner::UseRules(NewRules given) {
  while (engine_ && !Commit()) {
    if (ending()) return;
    std::this_thread::sleep_for(kRetry);
  }
  auto& [rules, newest] = given;
  std::shared_ptr<Detections> engine = MakeEngine(rules);
  running_.clear();
  for (const v1::Rule& rule : rules) running_.insert(rule.name());
  const std::optional<RecordId> stored = store_.GetCursor(kCursor);
  const std::vector<DetectionState> states = StoredStates();
  stored_.clear();
  std::set<std::string> loaded;
  for (const DetectionState& state : states) {
    if (!state.rule.empty()) stored_.insert(state.rule);
    const auto outcome = stored ? engine->Load(state) : Detections::Loaded::kOther;
    if (outcome == Detections::Loaded::kDone) loaded.insert(state.rule);
    if (outcome == Detections::Loaded::kUnknown || outcome == Detections::Loaded::kOther)
      ResolveEvents(state);
    if (outcome == Detections::Loaded::kDamaged)
      spdlog::warn("detections: the state of {} is damaged; it starts anew",
                   state.rule.empty() ? "the clock" : state.rule);
  }
  for (const std::string& name : running_)
    if (!loaded.contains(name)) engine->StartBehind(name, newest);
  const bool any_loaded = std::any_of(running_.begin(), running_.end(),
                                      [&](const std::string& name) { return loaded.contains(name); });
  position_ = any_loaded ? *stored : newest;
  engine->OnManyChanges([this](RecordId through) { TakeMany(through); });
  engine_ = running_.empty() ? nullptr : std::move(engine);
  cursor_ = std::make_unique<Cursor>(store_, Filter(), position_);
  save_all_ = moved_ = true;
  committed_ = {};
  {
    const std::lock_guard lock(mutex_);
    shown_ = engine_;
    shown_position_ = position_;
  }
  if (running_.empty() && stored_.empty()) return;
  while (!Commit() && !ending()) std::this_thread::sleep_for(kRetry);
}

// Nobody else would.
void DetectionRunner::ResolveEvents(const DetectionState& state) {
  for (const std::string& key : KeysToResolve(state)) {
    EventChange& change = changes_.emplace_back();
    change.kind = EventChange::Kind::kResolve;
    change.event.set_rule(state.rule);
    change.event.set_key(key);
    v1::EventNote* note = change.event.add_notes();
    ToProto(options_.clock(), note->mutable_time());
    note->set_text("the rule was deleted, disabled or changed");
  }
}

std::shared_ptr<Detections> DetectionRunner::MakeEngine(std::vector<v1::Rule>& rules) {
  std::erase_if(rules, [](const v1::Rule& rule) {
    if (!rule.enabled() || !detect::EventConfigOf(rule)) return true;
    const auto plan = detect::MakePlan(rule);
    if (!plan) spdlog::warn("detections: {}; it does not run", plan.error());
    return !plan;
  });
  return std::move(*Detections::Make(rules, options_.limits));
}

std::vector<DetectionState> DetectionRunner::StoredStates() {
  std::vector<DetectionState> states;
  for (std::string after;;) {
    const auto page = store_.ListObjects(kKind, after, kListed);
    if (!page) {
      spdlog::warn("detections: their states cannot be read ({}); they start anew", page.error().message());
      return {};
    }
    for (const StoredObject& object : *page)
      states.push_back({object.name == kCommon ? "" : object.name, object.body});
    if (page->size() < kListed) return states;
    after = page->back().name;
  }
}

void DetectionRunner::Turn() {
  const std::int64_t settled = options_.settled();
  const RecordId stored = store_.last_id();
  const auto state = cursor_->Next();
  if (!state) {
    spdlog::warn("detections: reading the store: {}; trying again", state.error().message());
    cursor_ = std::make_unique<Cursor>(store_, Filter(), position_);
    return WaitForRecords(stored);
  }
  NoteGap();
  if (*state == Cursor::State::kMatches) FeedBatch();
  moved_ |= cursor_->position() != position_;
  position_ = cursor_->position();
  {
    const std::lock_guard lock(mutex_);
    shown_position_ = position_;
  }
  if (*state == Cursor::State::kCaughtUp && settled != INT64_MIN) engine_->Advance(settled);
  TakeChanges();
  CommitIfDue();
  if (*state == Cursor::State::kCaughtUp) WaitForRecords(stored);
}

void DetectionRunner::FeedBatch() {
  BatchView& view = cursor_->view();
  const auto& rows = cursor_->rows();
  if (rows.size() == view.size()) return engine_->Feed(view, cursor_->index());
  among_.assign(view.size(), 0);
  for (const std::uint32_t row : rows) among_[row] = 1;
  engine_->Feed(view, cursor_->index(), &among_);
}

// In the middle of a batch.
void DetectionRunner::TakeMany(RecordId through) {
  if (through != RecordId{}) position_ = through;
  moved_ = true;
  TakeChanges();
  CommitIfDue();
}

void DetectionRunner::TakeChanges() {
  for (EventChange& change : engine_->TakeChanges()) changes_.push_back(std::move(change));
}

void DetectionRunner::NoteGap() {
  const auto gap = cursor_->TakeGap();
  if (!gap) return;
  spdlog::warn("detections: {} records were deleted before they were looked at", gap->records);
  const std::lock_guard lock(mutex_);
  missed_ += gap->records;
}

void DetectionRunner::WaitForRecords(RecordId stored) {
  {
    const std::lock_guard lock(mutex_);
    if (ending_ || rules_) return;
  }
  const auto due = std::chrono::ceil<milliseconds>(NextCommit() - steady_clock::now());
  const bool waits = !changes_.empty() && due < kLongestWait;
  store_.WaitForCommit(stored, waits ? std::max(due, milliseconds(1)) : kLongestWait);
}

DetectionRunner::SteadyTime DetectionRunner::NextCommit() const {
  return committed_ + (changes_.empty() ? std::clamp(pause_, kStateInterval, kLongestStateInterval)
                                        : std::clamp(pause_, kEventInterval, kLongestEventInterval));
}

void DetectionRunner::CommitIfDue() {
  const bool many = changes_.size() >= kManyChanges;
  if (!many && (changes_.empty() && !moved_)) return;
  if (!many && steady_clock::now() < NextCommit()) return;
  while (!Commit()) {
    if (ending() || changes_.size() < kManyChanges) return;
    std::this_thread::sleep_for(kRetry);  // nothing more is read until these are written
  }
}

bool DetectionRunner::Commit() {
  if (changes_.empty() && !moved_ && !save_all_) return true;
  std::uint64_t bytes = 0;
  StateChange change = ChangeOfState();
  for (const ObjectChange& object : change.objects) bytes += object.body ? object.body->size() : 0;
  committed_ = steady_clock::now();
  pause_ = milliseconds(bytes * 1000 / kStateBytesASecond);
  const auto done = options_.commit(changes_, std::move(change));
  if (!done) {
    spdlog::warn("detections: events and state were not written: {}; trying again", done.error().message());
    save_all_ = true;
    return false;
  }
  stored_ = running_;
  changes_.clear();
  save_all_ = moved_ = false;
  return true;
}

StateChange DetectionRunner::ChangeOfState() {
  StateChange change;
  change.cursors = {{kCursor, position_}};
  for (const std::string& name : stored_)
    if (!running_.contains(name)) change.objects.push_back({kKind, name, std::nullopt, std::nullopt});
  if (!engine_) return change;
  for (DetectionState& state : save_all_ ? engine_->SaveAll() : engine_->Save())
    change.objects.push_back(
        {kKind, state.rule.empty() ? kCommon : state.rule, std::move(state.octets), std::nullopt});
  return change;
}

}  // namespace cistern
