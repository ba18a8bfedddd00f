// Targets: every change. A change is planned, then written in one transaction, then carried out; what was
// written is what runs, also after a crash in between.
#include <fmt/format.h>
#include <google/protobuf/util/message_differencer.h>

#include <algorithm>
#include <filesystem>
#include <set>

#include "cistern/v1/target.pb.h"
#include "service/forward/target_store.h"
#include "storage/query/query.h"

namespace cistern {
namespace {

using Action = AppliedChange::Action;
using google::protobuf::util::MessageDifferencer;

TargetError Invalid(std::string text) { return {TargetError::Kind::kInvalid, std::move(text), {}}; }

TargetError Conflict(const std::string& name, std::uint64_t asked, std::uint64_t current) {
  if (asked == 0)
    return {TargetError::Kind::kConflict, fmt::format("there is a target \"{}\" already", name), {}};
  return {TargetError::Kind::kConflict,
          fmt::format("target \"{}\" is at revision {}, not {}: somebody else changed it; read it again",
                      name, current, asked),
          {}};
}

// Whether a file target may write into the store's own folder; `..` was refused before.
bool LiesIn(const std::string& folder, const v1::Target& target) {
  const std::string& path = target.file().path();
  std::error_code ignored;
  const auto fixed = std::filesystem::weakly_canonical(path.substr(0, path.find('{')), ignored);
  const auto store = std::filesystem::weakly_canonical(folder, ignored);
  return target.has_file() && (fixed.string() + "/").starts_with(store.string() + "/");
}

std::vector<TargetChangeRequest> ChangesOf(std::span<const v1::Target> configured) {
  std::vector<TargetChangeRequest> changes;
  for (const v1::Target& target : configured)
    changes.push_back({std::make_shared<v1::Target>(target), std::nullopt});
  return changes;
}

std::string ErrorsOf(const std::string& name, const YamlErrors& errors) {
  std::string text;
  for (const YamlError& error : errors.items) {
    text += fmt::format("{}target \"{}\": {}{}{}", text.empty() ? "" : "; ", name, error.key,
                        error.key.empty() ? "" : ": ", error.message);
    if (!error.suggestion.empty()) text += fmt::format("; did you mean {}?", error.suggestion);
  }
  return text;
}

}  // namespace

Targets::Outcome<std::shared_ptr<const v1::Target>> Targets::Prepare(const v1::Target& definition) const {
  auto prepared = std::make_shared<v1::Target>(definition);
  if (const YamlErrors errors = PrepareTarget(*prepared); !errors.empty())
    return Invalid(ErrorsOf(definition.name(), errors));
  if (LiesIn(context_.store_dir, *prepared))
    return Invalid(fmt::format("target \"{}\": file.path: lies in storage.dir, which is the store's own",
                               definition.name()));
  return std::shared_ptr<const v1::Target>(std::move(prepared));
}

Targets::Outcome<AppliedChange> Targets::PlanOne(const TargetChangeRequest& change,
                                                 bool configuration) const {
  auto prepared = Prepare(*change.definition);
  if (!prepared) return prepared.error();
  const std::string& name = (*prepared)->name();
  YamlErrors errors;
  if (!configuration) CheckTargetFiles(**prepared, errors);
  if (!errors.empty()) return Invalid(ErrorsOf(name, errors));
  const auto current = Find(name);
  const std::uint64_t revision = current ? current->revision : 0;
  if (change.from_revision && *change.from_revision != revision) {
    if (!current) return NoSuchTarget(name);
    return Conflict(name, *change.from_revision, revision);
  }
  AppliedChange planned{name, Action::kCreated, nullptr, *prepared, revision};
  if (!current) return planned;
  if (current->from_configuration && !configuration)
    return TargetError{TargetError::Kind::kFromConfiguration,
                       fmt::format("target \"{}\" belongs to the configuration file; change it there", name),
                       {}};
  planned.before = current->definition;
  const bool same = MessageDifferencer::Equals(*current->definition, **prepared) &&
                    current->from_configuration == configuration;
  planned.action = same ? Action::kUnchanged : Action::kChanged;
  return planned;
}

Targets::Outcome<Targets::Plan> Targets::MakePlan(const std::vector<TargetChangeRequest>& changes, bool prune,
                                                  bool configuration) {
  Plan plan;
  std::set<std::string> names;
  for (const TargetChangeRequest& change : changes) {
    if (!names.insert(change.definition->name()).second)
      return Invalid(fmt::format("target \"{}\" is given twice", change.definition->name()));
    auto planned = PlanOne(change, configuration);
    if (!planned) return planned.error();
    if (planned->action == Action::kCreated) {
      // One that was not understood goes on where it stood.
      if (!IsUnreadable(planned->name)) {
        const auto start = StartOf(*planned->after);
        if (!start) return start.error();
        plan.progress[planned->name] = *start;
      } else if (const auto progress = LoadProgress(context_.store, planned->name)) {
        plan.progress[planned->name] = *progress;
      }
    }
    plan.changes.push_back(std::move(*planned));
  }
  std::size_t count = 0;
  for (const AppliedChange& change : plan.changes) count += change.action == Action::kCreated ? 1 : 0;
  {
    const std::lock_guard lock(mutex_);
    count += entries_.size();
    for (const auto& [name, entry] : entries_) {
      if (!prune || entry.from_configuration != configuration || names.contains(name)) continue;
      plan.changes.push_back({name, Action::kDeleted, entry.definition, nullptr, entry.revision});
      --count;
    }
  }
  if (count > kMaxTargets)
    return TargetError{
        TargetError::Kind::kTooMany, fmt::format("there can be {} targets at most", kMaxTargets), {}};
  if (const auto fine = CheckFiles(plan); !fine) return fine.error();
  return plan;
}

// Two targets that write to one file rotate it under each other. Those that are so already stay.
Targets::Outcome<void> Targets::CheckFiles(const Plan& plan) const {
  std::map<std::string, std::string> users;  // by path
  std::set<std::string> planned;
  for (const AppliedChange& change : plan.changes) planned.insert(change.name);
  const auto path_of = [](const v1::Target& target) {
    return std::filesystem::path(target.file().path()).lexically_normal().string();
  };
  const std::lock_guard lock(mutex_);
  for (const auto& [name, entry] : entries_) {
    if (entry.definition->has_file() && !planned.contains(name)) users[path_of(*entry.definition)] = name;
  }
  for (const bool changed : {false, true}) {
    for (const AppliedChange& change : plan.changes) {
      if (!change.after || !change.after->has_file() || (change.action != Action::kUnchanged) != changed)
        continue;
      const auto [user, added] = users.emplace(path_of(*change.after), change.name);
      if (changed && !added)
        return Invalid(fmt::format("target \"{}\": file.path: target \"{}\" writes to this file", change.name,
                                   user->second));
    }
  }
  return {};
}

// All at once, so that hung destinations do not add up. What they came to is where the new ones start.
std::vector<std::string> Targets::EndRunners(Plan& plan) {
  std::vector<std::string> ended;
  for (const AppliedChange& change : plan.changes) {
    const auto current = Find(change.name);
    if (change.action == Action::kUnchanged || !current) continue;
    ended.push_back(change.name);
    if (current->runner) current->runner->BeginEnd(std::chrono::steady_clock::now() + kEndTime);
  }
  for (const std::string& name : ended) {
    if (const auto progress = EndRunner(name)) plan.before[name] = plan.progress[name] = *progress;
  }
  return ended;
}

void Targets::RunAgain(const std::string& name, const std::map<std::string, TargetProgress>& from) {
  const auto progress = from.find(name);
  if (progress == from.end()) return RunAsStored(name);
  Run(name, progress->second);
}

// Writes the plan and carries it out. Runners of what changes end first, so that their positions are final.
Targets::Outcome<void> Targets::Carry(Plan& plan, bool configuration) {
  const std::int64_t now = context_.clock();
  const std::vector<std::string> ended = EndRunners(plan);
  for (AppliedChange& change : plan.changes) {
    if (change.action == Action::kUnchanged) continue;
    const auto current = Find(change.name);
    std::optional<std::uint64_t> revision = current ? current->revision : 0;
    if (IsUnreadable(change.name)) revision.reset();
    if (change.action == Action::kDeleted) {
      AddDeletion(change.name, revision, plan.write);
      continue;
    }
    AddDefinition(*change.after, configuration, current ? current->created : now, revision, plan.write);
    const auto progress = plan.progress.find(change.name);
    if (progress == plan.progress.end()) continue;
    // What one kind of sink remembers means nothing to another.
    if (current && current->definition->kind_case() != change.after->kind_case())
      progress->second.sink_state.clear();
    AddProgress(change.name, progress->second, plan.write);
  }
  if (plan.write.objects.empty()) return {};
  const auto revisions = context_.store.ChangeState(plan.write);
  if (!revisions) {  // everything is as before
    for (const std::string& name : ended) RunAgain(name, plan.before);
    return StoreTrouble(revisions.error());
  }
  for (std::size_t i = 0; i < plan.write.objects.size(); ++i) {
    if (plan.write.objects[i].kind != kTargetKind || !plan.write.objects[i].body) continue;
    for (AppliedChange& change : plan.changes) {
      if (change.name == plan.write.objects[i].name) change.revision = (*revisions)[i];
    }
  }
  TakeOver(plan, configuration, now);
  return {};
}

void Targets::TakeOver(const Plan& plan, bool configuration, std::int64_t now) {
  for (const AppliedChange& change : plan.changes) {
    if (change.action == Action::kUnchanged) continue;
    {
      const std::lock_guard lock(mutex_);
      unreadable_.erase(change.name);
      if (change.action == Action::kDeleted) {
        entries_.erase(change.name);
        continue;
      }
      Entry& entry = entries_[change.name];
      const std::int64_t created = entry.created == 0 ? now : entry.created;
      entry = {change.after, change.revision, configuration, created, now, nullptr, {}};
    }
    RunAgain(change.name, plan.progress);
  }
}

Targets::Outcome<std::vector<AppliedChange>> Targets::Apply(std::vector<TargetChangeRequest> changes,
                                                            bool prune, bool dry_run) {
  if (const auto ready = Ready(); !ready) return ready.error();
  const std::lock_guard lock(change_mutex_);
  auto plan = MakePlan(changes, prune, /*configuration=*/false);
  if (!plan) return plan.error();
  if (dry_run) return std::move(plan->changes);
  if (const auto done = Carry(*plan, /*configuration=*/false); !done) return done.error();
  return std::move(plan->changes);
}

Targets::Outcome<void> Targets::Configure(std::span<const v1::Target> configured) {
  const std::lock_guard lock(change_mutex_);
  return ConfigureLocked(configured);
}

Targets::Outcome<void> Targets::CheckConfigured(std::span<const v1::Target> configured) {
  const std::lock_guard lock(change_mutex_);
  const auto plan = MakePlan(ChangesOf(configured), /*prune=*/true, /*configuration=*/true);
  return plan ? Outcome<void>() : Outcome<void>(plan.error());
}

Targets::Outcome<void> Targets::ConfigureLocked(std::span<const v1::Target> configured) {
  const std::vector<TargetChangeRequest> changes = ChangesOf(configured);
  auto plan = MakePlan(changes, /*prune=*/true, /*configuration=*/true);
  if (!plan) return plan.error();
  return Carry(*plan, /*configuration=*/true);
}

Targets::Outcome<void> Targets::Delete(const std::string& name, std::optional<std::uint64_t> from_revision) {
  if (const auto ready = Ready(); !ready) return ready;
  const std::lock_guard lock(change_mutex_);
  const auto current = Find(name);
  if (!current && !IsUnreadable(name)) return NoSuchTarget(name);
  const std::uint64_t revision = current ? current->revision : 0;
  if (current && from_revision && *from_revision != revision) return Conflict(name, *from_revision, revision);
  if (current && current->from_configuration)
    return TargetError{TargetError::Kind::kFromConfiguration,
                       fmt::format("target \"{}\" belongs to the configuration file; delete it there", name),
                       {}};
  Plan plan;
  plan.changes.push_back(
      {name, Action::kDeleted, current ? current->definition : nullptr, nullptr, revision});
  return Carry(plan, /*configuration=*/false);
}

Targets::Outcome<TargetView> Targets::SetPaused(const std::string& name, bool paused) {
  if (const auto ready = Ready(); !ready) return ready.error();
  const std::lock_guard lock(change_mutex_);
  const auto entry = Find(name);
  const auto runner = RunnerOf(name);
  if (!runner) return runner.error();
  TargetProgress progress = (*runner)->progress();
  progress.paused = paused;
  StateChange write;  // at once, so that a crash does not undo it
  AddProgress(name, progress, write);
  if (const auto done = context_.store.ChangeState(write); !done) return StoreTrouble(done.error());
  (*runner)->SetPaused(paused);
  return ViewOf(*entry);
}

Targets::Outcome<RecordId> Targets::LastBefore(std::int64_t time) {
  QueryOptions options;
  options.limit = 1;
  options.to = time;
  RecordId last{};
  const auto done =
      RunQuery(context_.store, options, {}, [&](BatchView& view, const std::vector<std::uint32_t>& rows) {
        last = RecordId{static_cast<std::uint64_t>(view.Ints(Column::kId)[rows.front()])};
        return false;
      });
  if (!done) return StoreTrouble(done.error());
  return last;
}

Targets::Outcome<TargetProgress> Targets::StartOf(const v1::Target& target) {
  using Kind = TargetStart::Kind;
  const TargetStart start = *ParseStart(target.from());
  TargetProgress progress;
  // Another target of this name may have been there: the other side must not take this one for it.
  progress.epoch = static_cast<std::uint64_t>(context_.clock());
  switch (start.kind) {
    case Kind::kNow:
      progress.position = context_.store.last_id();
      return progress;
    case Kind::kOldest:
      return progress;
    case Kind::kId:
      progress.position = RecordId{static_cast<std::uint64_t>(start.value)};
      if (progress.position > context_.store.last_id())
        return Invalid(
            fmt::format("target \"{}\": from: no record has an id of {} yet", target.name(), start.value));
      return progress;
    case Kind::kAge:
    case Kind::kTime:
      break;
  }
  const auto last = LastBefore(start.kind == Kind::kAge ? context_.clock() - start.value : start.value);
  if (!last) return last.error();
  progress.position = *last;
  return progress;
}

Targets::Outcome<std::uint64_t> Targets::CountBetween(const v1::Target& target, RecordId after,
                                                      RecordId through) {
  if (after >= through) return std::uint64_t{0};
  std::string text = target.filter();
  text = fmt::format("{}id:>{} AND id:<={}", text.empty() ? "" : "(" + text + ") AND ", ToInt(after),
                     ToInt(through));
  auto filter = Filter::Parse(text);
  if (!filter) return Invalid("the filter is too long to be counted with");
  AggregateOptions options;
  options.filter = std::move(*filter);
  const auto counted = RunAggregate(context_.store, options, {});
  if (!counted) return StoreTrouble(counted.error());
  return counted->count;
}

Targets::Outcome<Targets::Rewound> Targets::Rewind(const std::string& name, std::optional<RecordId> after,
                                                   std::optional<std::int64_t> time, bool preview) {
  if (const auto ready = Ready(); !ready) return ready.error();
  const std::lock_guard lock(change_mutex_);
  const auto entry = Find(name);
  if (!entry) return NoSuchTarget(name);
  Rewound rewound;
  rewound.from = entry->runner ? entry->runner->progress().position : context_.store.last_id();
  if (time) {
    const auto last = LastBefore(*time);
    if (!last) return last.error();
    rewound.to = *last;
  } else {
    rewound.to = after.value_or(RecordId{0});
  }
  if (rewound.to > context_.store.last_id())
    return TargetError{
        TargetError::Kind::kOutOfRange, fmt::format("no record has an id of {} yet", ToInt(rewound.to)), {}};
  const auto counted = CountBetween(*entry->definition, std::min(rewound.from, rewound.to),
                                    std::max(rewound.from, rewound.to));
  if (!counted) return counted.error();
  rewound.records = *counted;
  if (preview) return rewound;
  const auto before = EndRunner(name);
  TargetProgress progress;
  progress.epoch = static_cast<std::uint64_t>(context_.clock());  // larger than any it may have had
  if (before) progress = *before;
  progress.position = rewound.to;
  ++progress.epoch;
  progress.sink_state.clear();
  StateChange write;
  AddProgress(name, progress, write);
  const auto done = context_.store.ChangeState(write);
  if (!done) {
    before ? Run(name, *before) : RunAsStored(name);
    return StoreTrouble(done.error());
  }
  Run(name, progress);
  return rewound;
}

}  // namespace cistern
