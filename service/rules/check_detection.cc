// What is to be known of each kind of detection before it sees a record.
#include <algorithm>
#include <cmath>
#include <utility>

#include "cistern/v1/rule.pb.h"
#include "proto/yaml/scalar.h"
#include "service/rules/definition.h"
#include "service/rules/rule_check.h"

namespace cistern {
namespace {

constexpr int kMostEntries = 64;
constexpr int kMostSteps = 16;

// The names that `by`, summary and fields may use beside the fields of the record.
using Names = std::vector<std::string>;

// Checks the parts that all kinds have. `own`: names of values that the kind adds; `keys` gets what `extract`
// finds.
void CheckEvent(const v1::EventConfig& event, const std::string& path, Names own, Names& keys,
                const RuleCheck& check) {
  if (event.extract_size() > kMostEntries) check.Fail(path + ".extract", "has more than 64 entries");
  for (int i = 0; i < event.extract_size(); ++i) {
    for (std::string& name : check.NamedPattern(event.extract(i), JoinIndex(path + ".extract", i)))
      keys.push_back(std::move(name));
  }
  own.insert(own.end(), {"count", "first", "last", "key"});
  own.insert(own.end(), keys.begin(), keys.end());
  check.Template(event.summary(), path + ".summary", own);
  if (event.fields().size() > kMostEntries) check.Fail(path + ".fields", "has more than 64 entries");
  check.EventFieldNames(event.fields(), path + ".fields");
  for (const auto& [name, text] : event.fields())
    check.Template(text, JoinKey(path + ".fields", Printable(name)), own);
}

// A field that this event never has is never equal to one that the other has.
void CheckInhibition(const v1::Rule& rule, const v1::EventConfig& event, const std::string& path,
                     const RuleCheck& check) {
  check.RuleNames(event.inhibited_by(), path + ".inhibited_by");
  for (int i = 0; i < event.inhibited_by_size(); ++i) {
    if (event.inhibited_by(i) == rule.name())
      check.Fail(JoinIndex(path + ".inhibited_by", i),
                 "is the rule itself, whose events do not inhibit each other");
  }
  for (int i = 0; i < event.inhibited_equal_size(); ++i) {
    const std::string& name = event.inhibited_equal(i);
    if (name != "key" && !event.fields().contains(name))
      check.Fail(JoinIndex(path + ".inhibited_equal", i),
                 Quoted(name) + " is not one of fields of this event, nor key: it would never be equal");
  }
}

void CheckRelations(const v1::EventConfig& event, const std::string& path, const RuleCheck& check) {
  if (event.inhibited_by_size() > kMostEntries)
    check.Fail(path + ".inhibited_by", "has more than 64 entries");
  if (event.inhibited_equal_size() > kMostEntries)
    check.Fail(path + ".inhibited_equal", "has more than 64 entries");
  if (event.inhibited_by().empty() && !event.inhibited_equal().empty())
    check.Fail(path + ".inhibited_equal", "is for inhibited_by");
  check.RuleNames(event.of_rules(), path + ".of_rules");
  if (event.of_rules_size() > kMostEntries) check.Fail(path + ".of_rules", "has more than 64 entries");
  if (event.of() == "records" && !event.of_rules().empty())
    check.Fail(path + ".of_rules", "is for of: events");
  if (event.of() == "events" && event.of_rules().empty())
    check.Fail(path + ".of_rules", "is required with of: events: the rules whose events are looked at");
}

void CheckThreshold(const v1::Rule& rule, const Names& keys, const RuleCheck& check) {
  const v1::ThresholdRule& threshold = rule.threshold();
  const std::string& distinct = threshold.distinct();
  if (!distinct.empty()) check.Field(distinct, "threshold.distinct", keys);
  if (!distinct.empty() && threshold.count() == 1)
    check.Fail("threshold.distinct",
               "says nothing with count: 1, since each record has a value; leave it out");
  if (!distinct.empty() && std::count(threshold.by().begin(), threshold.by().end(), distinct) > 0)
    check.Fail("threshold.distinct",
               "stands in by as well: there is one value of it for each key, never more");
  check.OptionalFilter(threshold.reset(), "threshold.reset");
  if (!threshold.reset().empty() && threshold.reset() == rule.filter())
    check.Fail("threshold.reset", "is the filter of the rule: each record would start the count again");
}

void CheckSequence(const v1::SequenceRule& sequence, const RuleCheck& check) {
  if (sequence.steps_size() < 2 || sequence.steps_size() > kMostSteps)
    check.Fail("sequence.steps", "needs 2 to 16 filters, in order");
  for (int i = 0; i < sequence.steps_size(); ++i)
    check.Filter(sequence.steps(i), JoinIndex("sequence.steps", i));
  check.OptionalFilter(sequence.without(), "sequence.without");
  const auto& steps = sequence.steps();
  if (!sequence.without().empty() && std::count(steps.begin(), steps.end(), sequence.without()) > 0)
    check.Fail("sequence.without", "is one of the steps: no sequence would ever be whole");
}

void CheckFilters(const RuleCheck::Pairs& filters, const std::string& path, const RuleCheck& check) {
  if (filters.size() > kMostEntries) check.Fail(path, "has more than 64 entries");
  for (const auto& [name, text] : filters) check.Filter(text, JoinKey(path, Printable(name)));
}

void CheckTransaction(const v1::TransactionRule& transaction, const RuleCheck& check) {
  if (transaction.by().empty())
    check.Fail("transaction.by",
               "is required: fields that tell one from the other, such as hostname and procid");
  check.OptionalFilter(transaction.begin(), "transaction.begin");
  check.OptionalFilter(transaction.end(), "transaction.end");
  check.OptionalFilter(transaction.require(), "transaction.require");
  check.OptionalFilter(transaction.without(), "transaction.without");
  check.OptionalFilter(transaction.start(), "transaction.start");
  CheckFilters(transaction.counts(), "transaction.counts", check);
  const std::string& without = transaction.without();
  for (const auto& [name, filter] :
       {std::pair("begin", &transaction.begin()), std::pair("end", &transaction.end()),
        std::pair("require", &transaction.require())}) {
    if (!without.empty() && without == *filter)
      check.Fail("transaction.without", std::string("is the same as ") + name + ": no event could be raised");
  }
}

void CheckAbsent(const v1::AbsentRule& absent, const RuleCheck& check) {
  if (absent.forget_after() != 0 && absent.forget_after() <= absent.after())
    check.Fail("absent.forget_after",
               "must be longer than after: a key would be forgotten before it is missed");
}

void CheckRateChange(const v1::RateChangeRule& rate, const RuleCheck& check) {
  const bool above = rate.above() != 0, below = rate.below() != 0;
  if (above && !(std::isfinite(rate.above()) && rate.above() > 1))
    check.Fail("rate_change.above", "must be more than 1, such as 3 for three times as many as usual; or 0");
  if (below && !(rate.below() > 0 && rate.below() < 1))
    check.Fail("rate_change.below", "must be less than 1, such as 0.2 for a fifth of the usual; or 0");
  if (!above && !below) check.Fail("rate_change", "needs above or below: one that is not 0");
}

void CheckReport(const v1::ReportRule& report, const RuleCheck& check) {
  CheckFilters(report.counts(), "report.counts", check);
  const auto rules = [&](const RuleCheck::Pairs& pairs, const std::string& path) {
    if (pairs.size() > kMostEntries) check.Fail(path, "has more than 64 entries");
    for (const auto& [name, rule] : pairs) check.RuleName(rule, JoinKey(path, Printable(name)));
  };
  rules(report.events(), "report.events");
  rules(report.expired(), "report.expired");
  rules(report.open(), "report.open");
  if (!report.top().empty()) check.Field(report.top(), "report.top");
}

// Names of the values that the kind adds; those that the user made up are checked.
Names OwnNames(const v1::Rule& rule, const RuleCheck& check) {
  Names names;
  switch (rule.kind_case()) {
    case v1::Rule::kThreshold:
      return {"distinct"};
    case v1::Rule::kAbsent:
      return {"silent"};
    case v1::Rule::kFirstSeen:
      return {"value"};
    case v1::Rule::kRateChange:
      return {"usual", "factor"};
    case v1::Rule::kTransaction:
      names = {"start", "finish", "duration"};
      check.NewNames(rule.transaction().counts(), "transaction.counts", names);
      return names;
    case v1::Rule::kReport:
      names = {"records", "bytes", "start", "end", "duration", "top"};
      check.NewNames(rule.report().counts(), "report.counts", names);
      check.NewNames(rule.report().events(), "report.events", names);
      check.NewNames(rule.report().expired(), "report.expired", names);
      check.NewNames(rule.report().open(), "report.open", names);
      return names;
    default:
      return names;
  }
}

void CheckOwnKeys(const v1::Rule& rule, const Names& keys, const RuleCheck& check) {
  switch (rule.kind_case()) {
    case v1::Rule::kThreshold:
      return CheckThreshold(rule, keys, check);
    case v1::Rule::kSequence:
      return CheckSequence(rule.sequence(), check);
    case v1::Rule::kTransaction:
      return CheckTransaction(rule.transaction(), check);
    case v1::Rule::kAbsent:
      return CheckAbsent(rule.absent(), check);
    case v1::Rule::kFirstSeen:
      if (rule.first_seen().by().empty())
        check.Fail("first_seen.by", "is required: the fields whose values are new");
      return;
    case v1::Rule::kRateChange:
      return CheckRateChange(rule.rate_change(), check);
    case v1::Rule::kReport:
      return CheckReport(rule.report(), check);
    default:
      return;
  }
}

}  // namespace

void CheckDetectionKind(const v1::Rule& rule, const RuleCheck& check) {
  const v1::EventConfig* event = EventOf(rule);
  if (event == nullptr) return;
  const std::string kind(KindOf(rule));
  Names keys;
  CheckEvent(*event, kind + ".event", OwnNames(rule, check), keys, check);
  CheckRelations(*event, kind + ".event", check);
  CheckInhibition(rule, *event, kind + ".event", check);
  const std::vector<std::string> by = KeyFieldsOf(rule);
  check.Fields(RuleCheck::Texts(by.begin(), by.end()), kind + ".by", keys);
  CheckOwnKeys(rule, keys, check);
}

}  // namespace cistern
