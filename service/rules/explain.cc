#include "service/rules/explain.h"

#include <fmt/format.h>
#include <re2/re2.h>

#include <algorithm>
#include <vector>

#include "cistern/v1/rule.pb.h"
#include "ingest/message/tags.h"
#include "ingest/parse/payload/payload.h"
#include "service/rules/definition.h"
#include "service/rules/key_value.h"
#include "service/rules/pattern.h"
#include "service/rules/rule_run.h"
#include "storage/filter/parser.h"
#include "storage/query/field_text.h"

namespace cistern {
namespace {

using filter::Node;

constexpr std::size_t kLongestShown = 100;

std::string Shown(std::string_view text) {
  const bool cut = text.size() > kLongestShown;
  return fmt::format("\"{}{}\"", text.substr(0, kLongestShown), cut ? "..." : "");
}

bool Matches(std::string_view text, const Record& record) {
  const auto filter = Filter::Parse(text);
  return filter && filter->Matches(record);
}

// `node` does not match.
std::string WhyNot(const Node& node, const Record& record) {
  const std::string text = ToText(node);
  switch (node.kind) {
    case Node::Kind::kAnd:
      for (const Node& child : node.children) {
        if (!Matches(ToText(child), record)) return WhyNot(child, record);
      }
      break;
    case Node::Kind::kOr:
      return text + ": none of it matches";
    case Node::Kind::kNot:
      return text + ": the record matches what must not";
    case Node::Kind::kTerm: {
      std::string has;
      AppendFieldText(record, node.field, has);
      return text + ": the record has " + (has.empty() ? "none" : Shown(has));
    }
    case Node::Kind::kAll:
      break;
  }
  return text;
}

// The filters of a detection besides that of the rule, and what they are called.
using NamedFilters = std::vector<std::pair<std::string, std::string>>;

NamedFilters FiltersOf(const v1::Rule& rule) {
  NamedFilters filters;
  if (rule.has_threshold()) {
    filters.emplace_back("reset", rule.threshold().reset());
  } else if (rule.has_sequence()) {
    int place = 0;
    for (const std::string& step : rule.sequence().steps())
      filters.emplace_back(fmt::format("steps[{}]", place++), step);
    filters.emplace_back("without", rule.sequence().without());
  } else if (rule.has_transaction()) {
    const auto& transaction = rule.transaction();
    filters = {{"begin", transaction.begin()},
               {"end", transaction.end()},
               {"require", transaction.require()},
               {"without", transaction.without()},
               {"start", transaction.start()}};
    for (const auto& [name, filter] : transaction.counts()) filters.emplace_back("counts." + name, filter);
  } else if (rule.has_report()) {
    for (const auto& [name, filter] : rule.report().counts()) filters.emplace_back("counts." + name, filter);
  }
  std::erase_if(filters, [](const auto& each) { return each.second.empty(); });
  return filters;
}

bool FindsPattern(const std::string& pattern, const Record& record) {
  const auto compiled = CompilePattern(pattern);
  return compiled && re2::RE2::PartialMatch({record.message.data(), record.message.size()}, **compiled);
}

// The fields of `extract` are empty; nothing: some are there, or there is no `extract`.
std::string NothingFound(const v1::EventConfig& event, const Record& record) {
  const auto& patterns = event.extract();
  const bool found = std::any_of(patterns.begin(), patterns.end(),
                                 [&](const std::string& pattern) { return FindsPattern(pattern, record); });
  return patterns.empty() || found ? ""
                                   : "; no pattern of `extract` is in the message, so its fields are empty";
}

std::string DetectionReason(const v1::Rule& rule, const Record& record) {
  const NamedFilters filters = FiltersOf(rule);
  std::string in;
  for (const auto& [name, filter] : filters) {
    if (Matches(filter, record)) in += (in.empty() ? "" : ", ") + name;
  }
  std::string reason = "seen by " + std::string(KindOf(rule));
  if (!in.empty()) return reason + "; it matches " + in + NothingFound(*EventOf(rule), record);
  if (!filters.empty() && !rule.has_threshold()) reason += "; it matches none of its further filters";
  return reason + NothingFound(*EventOf(rule), record);
}

std::size_t CountKeyValues(const Record& record) {
  std::size_t count = 0;
  ReadKeyValues(record.message, [&](std::string_view, const std::string&) { return ++count > 0; });
  return count;
}

// Why an `extract` adds nothing.
std::string NothingExtracted(const v1::ExtractRule& extract, const Record& record) {
  switch (extract.how_case()) {
    case v1::ExtractRule::kPattern:
      if (!FindsPattern(extract.pattern(), record)) return "the pattern is not in the message";
      break;
    case v1::ExtractRule::kKeyValue:
      if (CountKeyValues(record) == 0) return "the message has no key=value pairs";
      break;
    case v1::ExtractRule::kJson:
      if (ExtractJson(record).kind == PayloadKind::kNone) return "the message is no JSON object";
      break;
    case v1::ExtractRule::kCef:
      if (ExtractCef(record).kind == PayloadKind::kNone) return "the message is no CEF";
      break;
    case v1::ExtractRule::kLeef:
      if (ExtractLeef(record).kind == PayloadKind::kNone) return "the message is no LEEF";
      break;
    case v1::ExtractRule::HOW_NOT_SET:
      break;
  }
  return "what it finds is empty, left out by `only`, or there as a tag already";
}

// What is shown is for reading: a hash would be neither that of the store nor of use.
v1::Rule WithoutHash(v1::Rule rule) {
  if (rule.redact().with() == "hash") rule.mutable_redact()->set_with("label");
  return rule;
}

// What an ingest rule makes of the record.
std::string IngestReason(const v1::Rule& rule, const Record& record, std::int64_t now) {
  std::string reason = "seen by " + std::string(KindOf(rule)) + "; it stays as it is";
  if (rule.has_extract()) reason += ": " + NothingExtracted(rule.extract(), record);
  RuleRun::Options options;
  options.observe = [&](std::size_t, const Record& before, const Record* after) {
    if (after == nullptr) {
      reason = "would not be stored";
    } else if (after->message != before.message) {
      reason = "would be stored as " + Shown(after->message);
      if (rule.redact().with() == "hash") reason += ", with hashes in place of the labels";
    } else if (after->tags != before.tags) {
      reason = "would have the tags";
      for (TagsReader tags(after->tags); const auto tag = tags.Next();)
        reason += fmt::format(" {}={}", tag->name, Shown(tag->value));
    }
  };
  auto run = RuleRun::Make({WithoutHash(rule)}, now, std::move(options));
  if (!run) return std::move(run).error();
  RecordsView view({&record, 1});
  (*run)->Feed(view, nullptr, nullptr);
  return reason;
}

bool IsEvent(const Record& record) {
  return record.transport == Transport::kInternal && HasTag(record.tags, "event");
}

// Why the rule does not see the record at all; empty: it does.
std::string Unseen(const v1::Rule& rule, const Record& record, std::int64_t now) {
  if (!rule.enabled()) return "the rule is not enabled";
  if (!IsInForce(rule, now)) return "the rule is over since " + rule.expires();
  const v1::EventConfig* event = EventOf(rule);
  const bool of_events = event != nullptr && event->of() == "events";
  if (of_events && !IsEvent(record)) return "the rule looks at events, and this is a record";
  if (!of_events && IsEvent(record)) return "the rule looks at records, and this is an event";
  return {};
}

}  // namespace

std::string WhyNot(std::string_view filter, const Record& record) {
  if (Matches(filter, record)) return {};
  const auto parsed = filter::ParseText(filter);
  return parsed ? WhyNot(*parsed, record) : parsed.error().ToString();
}

RuleExplanation ExplainRule(const v1::Rule& rule, const Record& record, std::int64_t now) {
  RuleExplanation explanation;
  explanation.reason = Unseen(rule, record, now);
  if (!explanation.reason.empty()) return explanation;
  explanation.reason = WhyNot(rule.filter(), record);
  if (!explanation.reason.empty()) {
    const bool resets = rule.has_threshold() && !rule.threshold().reset().empty() &&
                        Matches(rule.threshold().reset(), record);
    if (resets) explanation.reason += "; but it starts the count again (reset)";
    return explanation;
  }
  explanation.matched = true;
  explanation.reason = IsIngestRule(rule) ? IngestReason(rule, record, now) : DetectionReason(rule, record);
  return explanation;
}

}  // namespace cistern
