#include "service/rules/rehearsal.h"

#include <algorithm>
#include <set>

#include "cistern/v1/rule.pb.h"
#include "ingest/message/tags.h"
#include "service/events/event_record.h"
#include "service/rules/definition.h"
#include "storage/query/query.h"

namespace cistern {
namespace {

bool ThinsOut(const v1::Rule& rule) {
  return rule.has_sample() || rule.has_limit() || rule.has_deduplicate();
}

// Rules by name; the first of a name stays.
class RuleList {
 public:
  void Add(const v1::Rule& rule, bool enable) {
    if (!names_.insert(rule.name()).second) return;
    rules_.push_back(rule);
    if (enable) rules_.back().set_enabled(true);
  }
  std::vector<v1::Rule> Take() { return std::move(rules_); }

 private:
  std::set<std::string> names_;
  std::vector<v1::Rule> rules_;
};

std::vector<std::pair<std::string, std::string>> NewTags(const Record& before, const Record& after) {
  std::vector<std::pair<std::string, std::string>> tags;
  if (before.tags == after.tags) return tags;
  std::set<std::pair<std::string_view, std::string_view>> old;
  for (TagsReader reader(before.tags); const auto tag = reader.Next();) old.emplace(tag->name, tag->value);
  for (TagsReader reader(after.tags); const auto tag = reader.Next();) {
    if (!old.contains({tag->name, tag->value})) tags.emplace_back(tag->name, tag->value);
  }
  return tags;
}

RehearsedSample Sample(const Record& before, const Record* after) {
  RehearsedSample sample;
  sample.id = ToInt(before.id);
  sample.message = before.message;
  sample.message_after = after != nullptr ? after->message : before.message;
  if (after != nullptr) sample.tags = NewTags(before, *after);
  sample.dropped = after == nullptr;
  return sample;
}

}  // namespace

struct Rehearsal::Impl {
  explicit Impl(RehearsalPlan given) : plan(std::move(given)) {}

  Result<void, std::string> Prepare(const RuleSet& in_force, std::int64_t now);
  std::vector<v1::Rule> RulesNow(const RuleSet& in_force, std::int64_t now) const;
  std::vector<v1::Rule> RulesBefore(const RuleSet& in_force, std::int64_t now) const;
  void Observe(const std::string& rule, const Record& before, const Record* after);
  void Feed(StoredBatch& batch);
  const Selection* Choose(StoredBatch& batch);
  void ChooseMatches(StoredBatch& batch);
  void LeaveOutOwnEvents(StoredBatch& batch);

  RehearsalPlan plan;
  std::vector<std::string> told;  // names of the rules that are told of, in order
  std::unique_ptr<RuleRun> now_run, before_run;
  std::unique_ptr<Scan> scan;
  std::uint64_t id_max = 0, records = 0, total = 0;
  std::int64_t end = 0;
  FilterSet wanted{std::vector<Filter>{}};  // plan.filter
  FilterSet own_events{
      std::vector<Filter>{}};  // records of events that these rules raised live; may be empty
  std::map<std::string, std::vector<RehearsedSample>> samples;
  std::vector<v1::Rule> run_rules;

  // Of the batch that is being fed.
  Selection selection;
  std::vector<std::vector<std::uint32_t>> rows;
};

std::vector<v1::Rule> Rehearsal::Impl::RulesNow(const RuleSet& in_force, std::int64_t now) const {
  RuleList list;
  for (const v1::Rule& rule : plan.rules) list.Add(rule, true);
  for (const std::string& name : plan.names) list.Add(*in_force.Find(name)->definition, true);
  if (plan.alone) return list.Take();
  for (const v1::Rule& rule : in_force.IngestRules(now)) {
    if (!ThinsOut(rule)) list.Add(rule, false);
  }
  return list.Take();
}

// The same, with rules in force in the place of those that are tried. Empty: they replace none.
std::vector<v1::Rule> Rehearsal::Impl::RulesBefore(const RuleSet& in_force, std::int64_t now) const {
  RuleList list;
  bool replaces = false;
  for (const v1::Rule& rule : plan.rules) {
    const RuleEntry* entry = in_force.Find(rule.name());
    if (entry == nullptr || !IsInForce(*entry->definition, now)) continue;
    list.Add(*entry->definition, false);
    replaces = true;
  }
  if (!replaces) return {};
  for (const std::string& name : plan.names) list.Add(*in_force.Find(name)->definition, true);
  if (plan.alone) return list.Take();
  for (const v1::Rule& rule : in_force.IngestRules(now)) {
    if (!ThinsOut(rule)) list.Add(rule, false);
  }
  return list.Take();
}

Result<void, std::string> Rehearsal::Impl::Prepare(const RuleSet& in_force, std::int64_t now) {
  using boost::system::in_place_error;
  for (const v1::Rule& rule : plan.rules) told.push_back(rule.name());
  for (const std::string& name : plan.names) {
    if (in_force.Find(name) == nullptr) return {in_place_error, "names: there is no rule " + name};
    if (std::find(told.begin(), told.end(), name) == told.end()) told.push_back(name);
  }
  RuleRun::Options options;
  options.limits = plan.limits;
  options.secret = plan.secret;
  options.hostname = plan.hostname;
  options.stop = plan.stop;
  options.max_events = 0;
  if (auto rules = RulesBefore(in_force, now); !rules.empty()) {
    auto made = RuleRun::Make(std::move(rules), now, options);
    if (!made) return {in_place_error, std::move(made).error()};
    before_run = std::move(*made);
  }
  run_rules = RulesNow(in_force, now);
  std::erase_if(run_rules, [&](const v1::Rule& rule) { return !IsInForce(rule, now); });
  options.max_events = plan.max_events;
  options.observe = [this](std::size_t rule, const Record& before, const Record* after) {
    Observe(run_rules[rule].name(), before, after);
  };
  auto made = RuleRun::Make(run_rules, now, std::move(options));
  if (!made) return {in_place_error, std::move(made).error()};
  now_run = std::move(*made);
  wanted = FilterSet({plan.filter});
  if (!now_run->reads_events()) return {};
  std::vector<Filter> own;
  for (const v1::Rule& rule : run_rules) {
    if (auto filter = Filter::Parse(std::string(kEventRecords) + " msgid:" + rule.name()))
      own.push_back(std::move(*filter));
  }
  own_events = FilterSet(std::move(own));
  return {};
}

void Rehearsal::Impl::Observe(const std::string& rule, const Record& before, const Record* after) {
  if (std::find(told.begin(), told.end(), rule) == told.end()) return;
  auto& kept = samples[rule];
  if (kept.size() < plan.samples) kept.push_back(Sample(before, after));
}

// Null: all of them.
const Selection* Rehearsal::Impl::Choose(StoredBatch& batch) {
  const bool whole =
      batch.min_received() >= plan.from && batch.max_received() < end && ToInt(batch.last_id()) <= id_max;
  if (whole && plan.filter.matches_all() && own_events.size() == 0) return nullptr;
  selection.assign(batch.size(), 1);
  if (!whole) {
    const auto received = batch.Ints(Column::kReceived), ids = batch.Ints(Column::kId);
    for (std::size_t row = 0; row < selection.size(); ++row)
      selection[row] =
          received[row] >= plan.from && received[row] < end && static_cast<std::uint64_t>(ids[row]) <= id_max;
  }
  return &selection;
}

void Rehearsal::Impl::ChooseMatches(StoredBatch& batch) {
  if (plan.filter.matches_all()) return;
  wanted.Match(batch, &selection, batch.index(), rows);
  selection.assign(batch.size(), 0);
  for (const std::uint32_t row : rows.front()) selection[row] = 1;
}

void Rehearsal::Impl::LeaveOutOwnEvents(StoredBatch& batch) {
  if (own_events.size() == 0) return;
  own_events.Match(batch, &selection, batch.index(), rows);
  for (const auto& each : rows) {
    for (const std::uint32_t row : each) selection[row] = 0;
  }
}

void Rehearsal::Impl::Feed(StoredBatch& batch) {
  const Selection* chosen = Choose(batch);
  records +=
      chosen == nullptr
          ? batch.size()
          : static_cast<std::uint64_t>(std::count(selection.begin(), selection.end(), std::uint8_t{1}));
  if (chosen != nullptr) {
    ChooseMatches(batch);
    LeaveOutOwnEvents(batch);
  }
  now_run->Feed(batch, batch.index(), chosen);
  if (before_run != nullptr) before_run->Feed(batch, batch.index(), chosen);
}

Rehearsal::Rehearsal(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Rehearsal::~Rehearsal() = default;

Result<std::unique_ptr<Rehearsal>, std::string> Rehearsal::Make(Store& store, const RuleSet& in_force,
                                                                RehearsalPlan plan, std::int64_t now) {
  using boost::system::in_place_error;
  auto impl = std::make_unique<Impl>(std::move(plan));
  if (auto prepared = impl->Prepare(in_force, now); !prepared)
    return {in_place_error, std::move(prepared).error()};
  impl->end = std::min(impl->plan.to, now);
  impl->id_max = ToInt(store.last_id());
  AggregateOptions count;
  count.from = impl->plan.from;
  count.to = impl->end;
  if (const auto counted = RunAggregate(store, count, {})) impl->total = counted->count;
  ScanOptions scan;
  scan.id_max = impl->id_max;
  scan.received_min = impl->plan.from;
  scan.received_max = impl->end - 1;
  impl->scan = store.NewScan(scan);
  return std::unique_ptr<Rehearsal>(new Rehearsal(std::move(impl)));
}

Result<Rehearsal::Progress> Rehearsal::Step() {
  auto batch = impl_->scan->Next();
  if (!batch) return batch.error();
  if (*batch != nullptr) {
    impl_->Feed(**batch);
    return Progress::kMore;
  }
  impl_->now_run->Finish(impl_->end);
  if (impl_->before_run != nullptr) impl_->before_run->Finish(impl_->end);
  return Progress::kDone;
}

std::uint64_t Rehearsal::records() const { return impl_->records; }
std::uint64_t Rehearsal::total_records() const { return std::max(impl_->total, impl_->records); }
std::int64_t Rehearsal::octets_saved() const { return impl_->now_run->octets_saved(); }
const std::vector<v1::Event>& Rehearsal::events() const { return impl_->now_run->events().events(); }

std::vector<RehearsedRuleFigures> Rehearsal::figures() const {
  std::map<std::string, RuleRunFigures> now, before;
  for (RuleRunFigures& each : impl_->now_run->figures()) now[each.name] = std::move(each);
  if (impl_->before_run != nullptr) {
    for (RuleRunFigures& each : impl_->before_run->figures()) before[each.name] = std::move(each);
  }
  std::vector<RehearsedRuleFigures> figures;
  for (const std::string& name : impl_->told) {
    RehearsedRuleFigures& rule = figures.emplace_back();
    rule.now = now[name];
    rule.now.name = name;
    const bool tried = std::any_of(impl_->plan.rules.begin(), impl_->plan.rules.end(),
                                   [&](const v1::Rule& each) { return each.name() == name; });
    if (const auto found = before.find(name); tried && found != before.end()) rule.before = found->second;
    if (const auto found = impl_->samples.find(name); found != impl_->samples.end())
      rule.samples = found->second;
  }
  return figures;
}

}  // namespace cistern
