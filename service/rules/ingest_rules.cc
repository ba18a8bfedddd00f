#include "service/rules/ingest_rules.h"

#include <google/protobuf/util/message_differencer.h>

#include <algorithm>
#include <atomic>
#include <limits>
#include <tuple>

#include "cistern/v1/rule.pb.h"
#include "service/events/event_change.h"
#include "service/rules/ingest_action.h"
#include "service/rules/rule_matches.h"
#include "storage/filter/time_text.h"

namespace cistern {
namespace {

std::uint8_t FieldsOf(const Filter& filter) {
  const auto bit = [](Column column) { return 1u << static_cast<unsigned>(column); };
  const std::uint32_t texts = bit(Column::kMessage) | bit(Column::kStructuredData) | bit(Column::kRaw);
  const std::uint32_t columns = filter.columns();
  std::uint8_t fields = kNoFields;
  if (columns & bit(Column::kTags)) fields |= kTagFields;
  if (columns & texts) fields |= kTextFields;
  if (columns & ~(bit(Column::kTags) | texts)) fields |= kHeaderFields;
  return fields;
}

// What may change without the state being lost.
v1::Rule WhatItDoes(const v1::Rule& rule) {
  v1::Rule bare = rule;
  bare.clear_description();
  bare.clear_order();
  bare.clear_expires();
  return bare;
}

struct RuleCounters {
  std::atomic<std::uint64_t> matched{0}, dropped{0}, changed{0}, events{0}, evicted{0}, state_bytes{0};
};

void Add(std::atomic<std::uint64_t>& figure, std::uint64_t n) {
  if (n > 0) figure.fetch_add(n, std::memory_order_relaxed);
}

struct OneRule {
  v1::Rule definition;    // WhatItDoes()
  std::size_t given = 0;  // its index in what was given
  std::int64_t expires = std::numeric_limits<std::int64_t>::max();
  ActionPtr action;
  std::uint64_t evicted_before = 0;  // of states before this one
  RuleCounters figures;
};

using OneRules = std::vector<std::unique_ptr<OneRule>>;

// Records on their way through the rules.
struct Pass {
  std::vector<Record*> records;
  std::vector<Arena*> arenas;
  std::vector<std::size_t> starts;  // the first rule that sees each; empty: all do
  std::vector<std::uint8_t> alive;
};

// Records that actions made; each is seen by the rules behind the one that made it.
struct Made {
  std::vector<Record> records;
  std::vector<std::size_t> starts;
};

}  // namespace

class IngestRules::Impl {
 public:
  Impl(OneRules rules, FilterSet filters, std::vector<std::uint8_t> fields, Options options)
      : rules_(std::move(rules)),
        matches_(std::move(filters), std::move(fields)),
        options_(std::move(options)) {}

  bool empty() const { return rules_.empty(); }

  void Apply(std::span<RecordBatch* const> batches, std::int64_t now, IngestOutcome& outcome) {
    Pass pass;
    for (RecordBatch* batch : batches) {
      for (Record& record : batch->records()) {
        pass.records.push_back(&record);
        pass.arenas.push_back(&batch->arena());
      }
    }
    if (rules_.empty() || pass.records.empty()) return;
    now_ = now;
    Made made;
    Run(pass, batches.back()->arena(), made, outcome);
    Compact(batches, pass);
    Place(std::move(made), *batches.back(), outcome);
  }

  template <class End>
  void EndWaits(RecordBatch& out, IngestOutcome& outcome, const End& end) {
    Made made;
    for (std::size_t i = 0; i < rules_.size(); ++i) {
      ActionOutput output{out.arena(), made.records, options_.raise};
      end(*rules_[i]->action, output);
      made.starts.resize(made.records.size(), i + 1);
      Add(rules_[i]->figures.events, output.events);
      UpdateState(*rules_[i]);
    }
    Place(std::move(made), out, outcome);
  }
  void SetNow(std::int64_t now) { now_ = now; }

  void TakeOver(Impl& previous) {
    for (auto& rule : rules_) {
      const auto old = std::find_if(previous.rules_.begin(), previous.rules_.end(), [&](const auto& other) {
        return other->definition.name() == rule->definition.name();
      });
      if (old != previous.rules_.end()) TakeOver(*rule, **old);
    }
  }

  std::vector<IngestRuleFigures> ReadFigures() const {
    std::vector<IngestRuleFigures> all;
    for (const auto& rule : rules_) {
      const RuleCounters& figures = rule->figures;
      const auto read = [](const auto& figure) { return figure.load(std::memory_order_relaxed); };
      all.push_back({rule->definition.name(), read(figures.matched), read(figures.dropped),
                     read(figures.changed), read(figures.events), read(figures.evicted),
                     read(figures.state_bytes)});
    }
    return all;
  }

 private:
  void Run(Pass& pass, Arena& made_arena, Made& made, IngestOutcome& outcome) {
    pass.alive.assign(pass.records.size(), 1);
    matches_.Start(pass.records);
    for (std::size_t i = 0; i < rules_.size(); ++i) {
      if (now_ >= rules_[i]->expires) continue;
      const auto rows = matches_.RowsOf(i);
      if (rows.empty()) continue;
      ActionOutput output{made_arena, made.records, options_.raise};
      ApplyRule(i, rows, pass, output, outcome);
      made.starts.resize(made.records.size(), i + 1);
    }
  }

  void ApplyRule(std::size_t i, std::span<const std::uint32_t> rows, Pass& pass, ActionOutput& output,
                 IngestOutcome& outcome) {
    OneRule& rule = *rules_[i];
    std::uint64_t matched = 0, dropped = 0;
    changed_.clear();
    for (const std::uint32_t row : rows) {
      if (!pass.alive[row] || (!pass.starts.empty() && pass.starts[row] > i)) continue;
      ++matched;
      const ActionResult result = ApplyTo(rule, *pass.records[row], *pass.arenas[row], output);
      if (result == ActionResult::kChanged) changed_.push_back(row);
      if (result != ActionResult::kDropped) continue;
      pass.alive[row] = 0;
      ++dropped;
    }
    outcome.dropped += dropped;
    Add(rule.figures.matched, matched);
    Add(rule.figures.dropped, dropped);
    Add(rule.figures.changed, changed_.size());
    Add(rule.figures.events, output.events);
    matches_.Changed(i, changed_, rule.action->changes());
  }

  ActionResult ApplyTo(const OneRule& rule, Record& record, Arena& arena, ActionOutput& output) const {
    if (!options_.observe) return rule.action->Apply(record, arena, output);
    const Record before = record;
    const ActionResult result = rule.action->Apply(record, arena, output);
    options_.observe(rule.given, before, result == ActionResult::kDropped ? nullptr : &record);
    return result;
  }

  static void Compact(std::span<RecordBatch* const> batches, const Pass& pass) {
    std::size_t row = 0;
    for (RecordBatch* batch : batches) {
      auto& records = batch->records();
      std::size_t kept = 0;
      for (std::size_t i = 0; i < records.size(); ++i, ++row) {
        if (!pass.alive[row]) continue;
        if (kept != i) records[kept] = records[i];
        ++kept;
      }
      records.resize(kept);
    }
  }

  // Puts what is left of `made` into `out`. Each turn the rules that may see what is new are fewer.
  void Place(Made made, RecordBatch& out, IngestOutcome& outcome) {
    while (!made.records.empty()) {
      outcome.made += made.records.size();
      for (const Record& record : made.records) outcome.made_octets += record.raw.size();
      Pass pass;
      for (Record& record : made.records) pass.records.push_back(&record);
      pass.arenas.assign(made.records.size(), &out.arena());
      pass.starts = std::move(made.starts);
      Made next;
      Run(pass, out.arena(), next, outcome);
      for (std::size_t i = 0; i < made.records.size(); ++i) {
        if (pass.alive[i]) out.records().push_back(made.records[i]);
      }
      made = std::move(next);
    }
  }

  static void UpdateState(OneRule& rule) {
    rule.figures.evicted.store(rule.evicted_before + rule.action->evicted(), std::memory_order_relaxed);
    rule.figures.state_bytes.store(rule.action->state_bytes(), std::memory_order_relaxed);
  }

  static void TakeOver(OneRule& rule, OneRule& old) {
    using google::protobuf::util::MessageDifferencer;
    Add(rule.figures.matched, old.figures.matched.load());
    Add(rule.figures.dropped, old.figures.dropped.load());
    Add(rule.figures.changed, old.figures.changed.load());
    Add(rule.figures.events, old.figures.events.load());
    rule.evicted_before = old.evicted_before;
    if (MessageDifferencer::Equals(rule.definition, old.definition)) {
      std::swap(rule.action, old.action);
    } else {
      rule.evicted_before += old.action->evicted();
    }
    UpdateState(rule);
  }

  OneRules rules_;
  RuleMatches matches_;
  const Options options_;
  std::int64_t now_ = 0;
  std::vector<std::uint32_t> changed_;
};

namespace {

using RuleOr = Result<std::unique_ptr<OneRule>, IngestRules::Error>;

RuleOr MakeRule(const v1::Rule& definition, std::size_t given, const std::string& secret) {
  auto rule = std::make_unique<OneRule>();
  rule->definition = WhatItDoes(definition);
  rule->given = given;
  if (!definition.expires().empty()) {
    const auto expires = filter::ParseTime(definition.expires());
    if (!expires) return IngestRules::Error{given, "expires", "is not a time such as 2026-11-20T10:00:00Z"};
    rule->expires = expires->start;
  }
  auto action = MakeAction(definition, secret);
  if (!action) return IngestRules::Error{given, action.error().key, action.error().message};
  rule->action = std::move(*action);
  return rule;
}

// Indices of the ingest rules that are enabled, in the order in which they run.
std::vector<std::size_t> Ordered(std::span<const v1::Rule> rules) {
  std::vector<std::size_t> order;
  for (std::size_t i = 0; i < rules.size(); ++i) {
    if (rules[i].enabled() && HasAction(rules[i])) order.push_back(i);
  }
  std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    return std::forward_as_tuple(rules[a].order(), rules[a].name()) <
           std::forward_as_tuple(rules[b].order(), rules[b].name());
  });
  return order;
}

}  // namespace

Result<std::shared_ptr<IngestRules>, IngestRules::Error> IngestRules::Make(std::span<const v1::Rule> rules,
                                                                           Options options) {
  OneRules made;
  std::vector<Filter> filters;
  std::vector<std::uint8_t> fields;
  for (const std::size_t i : Ordered(rules)) {
    auto filter = Filter::Parse(rules[i].filter());
    if (!filter) return Error{i, "filter", filter.error().ToString()};
    auto rule = MakeRule(rules[i], i, options.secret);
    if (!rule) return rule.error();
    fields.push_back(FieldsOf(*filter));
    filters.push_back(std::move(*filter));
    made.push_back(std::move(*rule));
  }
  auto impl = std::make_unique<Impl>(std::move(made), FilterSet(std::move(filters)), std::move(fields),
                                     std::move(options));
  return std::shared_ptr<IngestRules>(new IngestRules(std::move(impl)));
}

IngestRules::IngestRules(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
IngestRules::~IngestRules() = default;

bool IngestRules::empty() const { return impl_->empty(); }

void IngestRules::Apply(std::span<RecordBatch* const> batches, std::int64_t now, IngestOutcome& outcome) {
  impl_->Apply(batches, now, outcome);
}

void IngestRules::Apply(RecordBatch& batch, std::int64_t now, IngestOutcome& outcome) {
  RecordBatch* const one = &batch;
  Apply({&one, 1}, now, outcome);
}

void IngestRules::Tick(std::int64_t now, RecordBatch& out, IngestOutcome& outcome) {
  impl_->SetNow(now);
  impl_->EndWaits(out, outcome,
                  [now](IngestAction& action, ActionOutput& output) { action.Tick(now, output); });
}

void IngestRules::Finish(RecordBatch& out, IngestOutcome& outcome) {
  impl_->EndWaits(out, outcome, [](IngestAction& action, ActionOutput& output) { action.Finish(output); });
}

void IngestRules::TakeOver(IngestRules& previous) { impl_->TakeOver(*previous.impl_); }

std::vector<IngestRuleFigures> IngestRules::Figures() const { return impl_->ReadFigures(); }

}  // namespace cistern
