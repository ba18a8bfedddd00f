#include "service/rules/rule_run.h"

#include <algorithm>

#include "cistern/v1/rule.pb.h"
#include "ingest/message/shape.h"
#include "service/detect/row_chooser.h"
#include "service/events/event_record.h"
#include "service/rules/definition.h"

namespace cistern {
namespace {

// Rows of a batch whose octets are looked at for an estimate, and how often events may raise events.
constexpr std::size_t kSampledRows = 8, kPortion = 1000;
constexpr int kDeepestEvents = 64;

std::vector<v1::Rule> InForce(std::vector<v1::Rule> rules, std::int64_t now) {
  std::erase_if(rules, [&](const v1::Rule& rule) { return !IsInForce(rule, now); });
  return rules;
}

std::vector<std::size_t> IngestOrder(const std::vector<v1::Rule>& rules) {
  std::vector<std::size_t> order;
  for (std::size_t i = 0; i < rules.size(); ++i) {
    if (IsIngestRule(rules[i])) order.push_back(i);
  }
  std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    return std::pair(rules[a].order(), rules[a].name()) < std::pair(rules[b].order(), rules[b].name());
  });
  return order;
}

bool ReadsEvents(const v1::Rule& rule) {
  const v1::EventConfig* event = EventOf(rule);
  return event != nullptr && event->of() == "events";
}

bool IsIn(const Selection* among, std::size_t row) { return among == nullptr || (*among)[row] != 0; }

}  // namespace

RuleRun::RuleRun(std::vector<v1::Rule> rules, std::int64_t now, Options options)
    : rules_(InForce(std::move(rules), now)),
      now_(now),
      options_(std::move(options)),
      order_(IngestOrder(rules_)),
      filters_({}),
      events_(options_.max_events),
      arrival_(options_.limits.tolerance) {}

RuleRun::~RuleRun() = default;

Result<std::unique_ptr<RuleRun>, std::string> RuleRun::Make(std::vector<v1::Rule> rules, std::int64_t now,
                                                            Options options) {
  std::unique_ptr<RuleRun> run(new RuleRun(std::move(rules), now, std::move(options)));
  if (auto compiled = run->Compile(); !compiled)
    return {boost::system::in_place_error, std::move(compiled).error()};
  return run;
}

Result<void, std::string> RuleRun::Compile() {
  using boost::system::in_place_error;
  IngestRules::Options ingest;
  ingest.secret = options_.secret;
  ingest.raise = [this](const EventChange& change) { limits_.push_back(change); };
  ingest.observe = [this](std::size_t rule, const Record& before, const Record* after) {
    Observe(rule, before, after);
  };
  auto made = IngestRules::Make(rules_, std::move(ingest));
  if (!made)
    return {in_place_error,
            rules_[made.error().rule].name() + ": " + made.error().key + ": " + made.error().message};
  ingest_ = std::move(*made);
  std::vector<Filter> filters;
  for (const std::size_t i : order_) {
    auto filter = Filter::Parse(rules_[i].filter());
    if (!filter) return {in_place_error, rules_[i].name() + ": filter: " + filter.error().ToString()};
    filters.push_back(std::move(*filter));
    drops_.push_back({.name = rules_[i].name()});
  }
  filters.push_back(*Filter::Parse(kEventRecords));
  filters_ = FilterSet(std::move(filters));
  drops_only_ = !options_.stored && std::all_of(order_.begin(), order_.end(),
                                                [&](std::size_t i) { return rules_[i].has_drop(); });
  reads_events_ = std::any_of(rules_.begin(), rules_.end(), ReadsEvents);
  if (order_.size() == rules_.size()) return {};
  auto detections = Detections::Make(rules_, options_.limits);
  if (!detections) return {in_place_error, std::move(detections).error()};
  detections_ = std::move(*detections);
  return {};
}

void RuleRun::Feed(BatchView& view, BlockIndex* index, const Selection* among) {
  if (view.size() == 0) return;
  ReadClock(view, among);
  last_id_ = static_cast<std::uint64_t>(view.Ints(Column::kId).back());
  if (order_.empty() && !options_.stored) return Detect(view, index, among);
  if (drops_only_) return FeedDrops(view, index, among);
  FeedChanges(view, index, among);
}

// As the detections do: it may have been set back.
void RuleRun::ReadClock(BatchView& view, const Selection* among) {
  const auto received = view.Ints(Column::kReceived);
  for (std::size_t row = 0; row < received.size(); ++row)
    if (IsIn(among, row))
      arrival_.Take(received[row], arrival_.IsBehind(received[row]) && detect::IsInternal(view, row));
  if (arrival_.now() != INT64_MIN) clock_ = arrival_.now();
}

// Live, ingest rules do not touch the daemon's own records of events.
void RuleRun::MatchRules(BatchView& view, BlockIndex* index, const Selection* among) {
  filters_.Match(view, among, index, rows_);
  const std::vector<std::uint32_t> events = std::move(rows_.back());
  rows_.pop_back();
  if (events.empty()) return;
  for (std::vector<std::uint32_t>& rows : rows_)
    std::erase_if(rows,
                  [&](std::uint32_t row) { return std::binary_search(events.begin(), events.end(), row); });
}

void RuleRun::FeedDrops(BatchView& view, BlockIndex* index, const Selection* among) {
  MatchRules(view, index, among);
  marked_.assign(view.size(), 0);
  std::size_t gone = 0;
  for (std::size_t place = 0; place < order_.size(); ++place) {
    std::vector<std::uint32_t>& rows = rows_[place];
    std::erase_if(rows, [&](std::uint32_t row) { return std::exchange(marked_[row], 1) != 0; });
    CountDrops(view, place, rows.size());
    gone += rows.size();
  }
  if (detections_ == nullptr) return;
  if (gone == 0) return Detect(view, index, among);
  for (std::size_t row = 0; row < marked_.size(); ++row) marked_[row] = !marked_[row] && IsIn(among, row);
  Detect(view, index, &marked_);
}

void RuleRun::CountDrops(BatchView& view, std::size_t place, std::size_t fresh) {
  if (fresh == 0) return;
  const std::vector<std::uint32_t>& rows = rows_[place];
  drops_[place].matched += fresh;
  drops_[place].dropped += fresh;
  const std::size_t sampled = std::min(fresh, kSampledRows);
  const std::int64_t before = octets_saved_;
  for (std::size_t i = 0; i < sampled; ++i)
    Observe(order_[place], view.Row(rows[i * (fresh / sampled)]), nullptr);
  octets_saved_ = before + (octets_saved_ - before) * static_cast<std::int64_t>(fresh) /
                               static_cast<std::int64_t>(sampled);
}

void RuleRun::Observe(std::size_t rule, const Record& before, const Record* after) {
  if (after == nullptr) {
    octets_.clear();
    AppendRaw(before, octets_);
    octets_saved_ += static_cast<std::int64_t>(octets_.size());
  } else {
    changed_ = true;
    octets_saved_ +=
        static_cast<std::int64_t>(before.message.size()) - static_cast<std::int64_t>(after->message.size());
  }
  if (options_.observe) options_.observe(rule, before, after);
}

void RuleRun::FeedChanges(BatchView& view, BlockIndex* index, const Selection* among) {
  MatchRules(view, index, among);
  marked_.assign(view.size(), 0);
  for (const auto& rows : rows_) {
    for (const std::uint32_t row : rows) marked_[row] = 1;
  }
  changed_ = false;
  IngestOutcome outcome;
  if (!ApplyIngest(view, outcome)) return;
  ingest_->Tick(clock_, batch_, outcome);
  octets_saved_ -= static_cast<std::int64_t>(outcome.made_octets);
  if (detections_ == nullptr && !options_.stored) return TakeChanges();
  if (!options_.stored && !changed_ && outcome.dropped == 0 && outcome.made == 0)
    return Detect(view, index, among);
  Merge(view, among);
  for (const Record& record : merged_) {
    if (options_.stored) options_.stored(record);
  }
  RecordsView merged(merged_);
  Detect(merged, nullptr, nullptr);
}

// In portions: rules with patterns may take minutes for a whole block. False: it is to stop.
bool RuleRun::ApplyIngest(BatchView& view, IngestOutcome& outcome) {
  batch_.Clear();
  std::vector<Record>&portion = batch_.records(), left;
  const auto apply = [&] {
    if (!portion.empty()) ingest_->Apply(batch_, now_, outcome);
    std::move(portion.begin(), portion.end(), std::back_inserter(left));
    portion.clear();  // the memory they live in stays
  };
  for (std::size_t row = 0; row < marked_.size(); ++row) {
    if (marked_[row] != 0) portion.push_back(view.Row(row));
    if (portion.size() < kPortion) continue;
    apply();
    if (options_.stop && options_.stop()) return false;
  }
  apply();
  portion = std::move(left);
  return true;
}

// Puts what is left of the candidates among the other rows, and what the rules made behind them.
void RuleRun::Merge(BatchView& view, const Selection* among) {
  merged_.clear();
  const auto ids = view.Ints(Column::kId);
  auto next = batch_.records().begin();
  const auto end = batch_.records().end();
  for (std::size_t row = 0; row < marked_.size(); ++row) {
    if (!IsIn(among, row)) continue;
    if (marked_[row] == 0) {
      merged_.push_back(view.Row(row));
    } else if (next != end && ToInt(next->id) == static_cast<std::uint64_t>(ids[row])) {
      merged_.push_back(*next++);
    }
  }
  for (; next != end; ++next) {
    next->id = RecordId{last_id_};
    merged_.push_back(*next);
  }
}

void RuleRun::Detect(BatchView& view, BlockIndex* index, const Selection* among) {
  if (detections_ != nullptr) detections_->Feed(view, index, among);
  TakeChanges();
  DetectEvents();
}

void RuleRun::TakeChanges() {
  std::vector<EventChange> changes = std::exchange(limits_, {});
  if (detections_ != nullptr) {
    std::vector<EventChange> found = detections_->TakeChanges();
    changes.insert(changes.end(), std::make_move_iterator(found.begin()),
                   std::make_move_iterator(found.end()));
  }
  for (const EventChange& change : changes) {
    const v1::Event* event = events_.Take(change, clock_);
    if (event != nullptr && reads_events_)
      AppendEventRecord(*event, options_.hostname, clock_, false, event_records_);
  }
}

// Events that were raised are records, and may raise events. Rules do not feed each other in circles, so it
// ends; the bound is for what is not foreseen.
void RuleRun::DetectEvents() {
  for (int depth = 0; depth < kDeepestEvents && !event_records_.empty(); ++depth) {
    RecordBatch records = std::exchange(event_records_, {});
    for (Record& record : records.records()) record.id = RecordId{last_id_};
    RecordsView view(records.records());
    detections_->Feed(view, nullptr);
    TakeChanges();
  }
}

void RuleRun::EndWaits(std::int64_t now) {
  batch_.Clear();
  IngestOutcome outcome;
  ingest_->Tick(now, batch_, outcome);
  octets_saved_ -= static_cast<std::int64_t>(outcome.made_octets);
  for (Record& record : batch_.records()) {
    record.id = RecordId{last_id_};
    if (options_.stored) options_.stored(record);
  }
  if (batch_.empty()) return;
  RecordsView view(batch_.records());
  Detect(view, nullptr, nullptr);
}

void RuleRun::Finish(std::int64_t now) {
  clock_ = std::max(clock_, now);
  EndWaits(clock_);
  for (int depth = 0; depth < kDeepestEvents; ++depth) {
    if (detections_ != nullptr) detections_->Finish(clock_);
    TakeChanges();
    if (event_records_.empty()) return;
    DetectEvents();
  }
}

std::vector<RuleRunFigures> RuleRun::figures() const {
  std::vector<RuleRunFigures> figures;
  for (const v1::Rule& rule : rules_) figures.push_back({.name = rule.name()});
  const auto find = [&](const std::string& name) {
    return std::find_if(figures.begin(), figures.end(), [&](const auto& each) { return each.name == name; });
  };
  if (drops_only_) {
    for (const RuleRunFigures& drop : drops_) *find(drop.name) = drop;
  } else {
    for (const IngestRuleFigures& from : ingest_->Figures()) {
      auto& to = *find(from.name);
      to.matched = from.matched, to.dropped = from.dropped, to.changed = from.changed;
      to.events = from.events, to.evicted = from.evicted, to.state_bytes = from.state_bytes;
    }
  }
  if (detections_ == nullptr) return figures;
  for (const DetectionFigures& from : detections_->figures()) {
    auto& to = *find(from.name);
    to.matched = from.matched, to.events = from.events, to.keys = from.keys;
    to.evicted = from.evicted, to.expired = from.expired, to.state_bytes = from.state_bytes;
  }
  return figures;
}

}  // namespace cistern
