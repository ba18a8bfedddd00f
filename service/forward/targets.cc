// Targets: what the store has of them, running them, status. Changes are in targets_change.cc.
#include "service/forward/targets.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>

#include "cistern/v1/stored.pb.h"
#include "service/forward/target_store.h"

namespace cistern {

using std::chrono::steady_clock;

Targets::Targets(RunnerContext context) : context_(std::move(context)) {}

Targets::~Targets() { End(steady_clock::now()); }

Targets::Outcome<void> Targets::Open(std::chrono::seconds hold) {
  const auto objects = context_.store.ListObjects(kTargetKind, "", kMaxTargets * 2);
  if (!objects) return StoreTrouble(objects.error());
  const std::lock_guard lock(mutex_);
  std::optional<RecordId> needed;
  for (const StoredObject& object : *objects) {
    const auto progress = LoadProgress(context_.store, object.name);
    const RecordId position = progress ? progress->position : RecordId{0};
    needed = std::min(needed.value_or(position), position);
    v1::StoredTarget stored;
    const bool parsed = stored.ParseFromString(object.body) && stored.definition().name() == object.name;
    // Another release may know more keys, or check more.
    const YamlErrors errors = parsed ? PrepareTarget(*stored.mutable_definition()) : YamlErrors();
    if (!parsed || !errors.empty()) {
      spdlog::warn("target \"{}\" of the catalog is left out: {}; apply it again, or delete it", object.name,
                   parsed ? errors.items.front().ToString() : "it cannot be read");
      unreadable_.insert(object.name);
      continue;
    }
    entries_[object.name] = {std::make_shared<const v1::Target>(stored.definition()),
                             object.revision,
                             stored.from_configuration(),
                             stored.created(),
                             object.updated,
                             nullptr,
                             {}};
  }
  if (hold.count() > 0) context_.store.HoldRetention(needed, hold);
  return {};
}

// Targets that the configuration no longer has, or has changed, never run as they were.
Targets::Outcome<void> Targets::Start(std::span<const v1::Target> configured) {
  const std::lock_guard lock(change_mutex_);
  if (auto done = ConfigureLocked(configured); !done) return done;
  std::vector<std::string> waiting;
  {
    const std::lock_guard inner(mutex_);
    for (const auto& [name, entry] : entries_) {
      if (!entry.runner) waiting.push_back(name);
    }
  }
  for (const std::string& name : waiting) RunAsStored(name);
  running_.store(true);
  return {};
}

Targets::Outcome<void> Targets::Ready() const {
  if (running_.load()) return {};
  return TargetError{TargetError::Kind::kStopping, "the server is starting or stopping; retry", {}};
}

bool Targets::IsUnreadable(const std::string& name) const {
  const std::lock_guard lock(mutex_);
  return unreadable_.contains(name);
}

void Targets::Run(const std::string& name, TargetProgress progress) {
  std::shared_ptr<const v1::Target> definition;
  {
    const std::lock_guard lock(mutex_);
    definition = entries_.at(name).definition;
  }
  auto runner = std::make_shared<TargetRunner>(context_, std::move(definition), std::move(progress));
  const std::lock_guard lock(mutex_);
  Entry& entry = entries_.at(name);
  entry.runner = std::move(runner);
  entry.error.clear();
}

// A target of which nobody knows how far it came does not run: it would send everything again, or leave
// something out.
void Targets::RunAsStored(const std::string& name) {
  const auto progress = LoadProgress(context_.store, name);
  if (progress) return Run(name, *progress);
  const std::string error = fmt::format(
      "how far it came cannot be read: {}; rewind it to say where it goes on", progress.error().message());
  const std::lock_guard lock(mutex_);
  Entry& entry = entries_.at(name);
  if (entry.error != error) spdlog::error("target \"{}\" does not run: {}", name, error);
  entry.error = error;
}

// How far it came; the entry stays, without a runner.
Result<TargetProgress> Targets::EndRunner(const std::string& name) {
  std::shared_ptr<TargetRunner> runner;
  {
    const std::lock_guard lock(mutex_);
    runner = entries_.at(name).runner;
  }
  if (!runner) return LoadProgress(context_.store, name);
  runner->End(steady_clock::now() + kEndTime);
  const std::lock_guard lock(mutex_);
  entries_.at(name).runner.reset();
  return runner->progress();
}

void Targets::End(steady_clock::time_point deadline) {
  running_.store(false);
  const std::lock_guard lock(change_mutex_);
  std::vector<std::shared_ptr<TargetRunner>> runners;
  {
    const std::lock_guard inner(mutex_);
    for (const auto& [name, entry] : entries_) {
      if (entry.runner) runners.push_back(entry.runner);
    }
  }
  for (const auto& runner : runners) runner->BeginEnd(deadline);
  for (const auto& runner : runners) runner->End(deadline);
}

Result<void> Targets::Save(std::chrono::seconds hold) {
  // What a change writes must not be followed by what was so before it.
  const std::unique_lock changing(change_mutex_, std::try_to_lock);
  if (!changing.owns_lock()) return {};
  std::map<std::string, std::shared_ptr<TargetRunner>> runners;
  std::vector<std::string> unknown;
  {
    const std::lock_guard lock(mutex_);
    for (const auto& [name, entry] : entries_) {
      if (entry.runner) runners[name] = entry.runner;
      if (!entry.error.empty()) unknown.push_back(name);
    }
  }
  for (const std::string& name : unknown) RunAsStored(name);
  std::optional<RecordId> needed;
  if (!unknown.empty()) needed = RecordId{0};
  StateChange write;
  std::vector<TargetRunner*> written;
  for (const auto& [name, runner] : runners) {
    const RecordId position = runner->progress().position;
    needed = std::min(needed.value_or(position), position);
    const auto progress = runner->TakeProgress();
    if (!progress) continue;
    AddProgress(name, *progress, write);
    written.push_back(runner.get());
  }
  context_.store.HoldRetention(hold.count() > 0 ? needed : std::nullopt, hold);
  if (written.empty()) return {};
  const auto done = context_.store.ChangeState(write);
  if (done) return {};
  for (TargetRunner* runner : written) runner->KeepProgress();
  return done.error();
}

std::optional<Targets::Entry> Targets::Find(const std::string& name) const {
  const std::lock_guard lock(mutex_);
  const auto it = entries_.find(name);
  return it == entries_.end() ? std::nullopt : std::optional(it->second);
}

Targets::Outcome<std::shared_ptr<TargetRunner>> Targets::RunnerOf(const std::string& name) const {
  const auto entry = Find(name);
  if (!entry) return NoSuchTarget(name);
  if (entry->runner) return entry->runner;
  if (entry->error.empty())
    return TargetError{TargetError::Kind::kStopping, "the target is being changed; retry", {}};
  return TargetError{TargetError::Kind::kStore, fmt::format("target \"{}\": {}", name, entry->error),
                     StoreErrc::kCorrupt};
}

TargetView Targets::ViewOf(const Entry& entry) const {
  TargetView view{
      entry.definition, entry.revision, entry.from_configuration, entry.created, entry.updated, {}, {}};
  if (entry.runner) view.figures = entry.runner->figures();
  if (!entry.error.empty()) {
    view.figures.state = TargetState::kBroken;
    view.figures.last_error = entry.error;
  }
  view.backlog = context_.store.Behind(view.figures.position);
  return view;
}

std::vector<TargetView> Targets::List() const {
  std::map<std::string, Entry> entries;
  {
    const std::lock_guard lock(mutex_);
    entries = entries_;
  }
  std::vector<TargetView> views;
  for (const auto& [name, entry] : entries) views.push_back(ViewOf(entry));
  return views;
}

Targets::Outcome<TargetView> Targets::Get(const std::string& name) const {
  const auto entry = Find(name);
  if (!entry) return NoSuchTarget(name);
  return ViewOf(*entry);
}

}  // namespace cistern
