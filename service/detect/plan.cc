#include "service/detect/plan.h"

#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>
#include <re2/re2.h>
#include <xxhash.h>

#include <algorithm>

#include "ingest/message/record.h"
#include "service/detect/detections.h"
#include "service/events/event_record.h"
#include "service/rules/pattern.h"
#include "storage/filter/field.h"
#include "storage/filter/field_template.h"
#include "storage/filter/time_text.h"

namespace cistern {
namespace detect {
namespace {

using Error = std::string;

// Names that the kind adds for texts.
std::vector<std::string> NamesOfKind(const v1::Rule& rule) {
  std::vector<std::string> names;
  const auto add_keys = [&](const auto& map) {
    for (const auto& [name, value] : map) names.push_back(name);
  };
  switch (rule.kind_case()) {
    case v1::Rule::kThreshold:
      return {"distinct"};
    case v1::Rule::kTransaction:
      names = {"start", "finish", "duration"};
      add_keys(rule.transaction().counts());
      break;
    case v1::Rule::kAbsent:
      return {"silent"};
    case v1::Rule::kFirstSeen:
      return {"value"};
    case v1::Rule::kRateChange:
      return {"usual", "factor"};
    case v1::Rule::kReport:
      names = {"records", "bytes", "start", "end", "duration", "top"};
      for (const auto* map : {&rule.report().counts(), &rule.report().events(), &rule.report().expired(),
                              &rule.report().open()})
        add_keys(*map);
      break;
    default:
      break;
  }
  std::sort(names.begin(), names.end());
  return names;
}

// Of all that decides which events are raised with which state in between; not of what is said about them.
std::uint64_t FingerprintOf(v1::Rule rule) {
  for (const char* field : {"description", "order", "expires", "enabled"})
    rule.GetReflection()->ClearField(&rule, rule.GetDescriptor()->FindFieldByName(field));
  const auto kind =
      rule.GetReflection()->GetOneofFieldDescriptor(rule, rule.GetDescriptor()->FindOneofByName("kind"));
  auto* body = rule.GetReflection()->MutableMessage(&rule, kind);
  auto* event = body->GetReflection()->MutableMessage(body, body->GetDescriptor()->FindFieldByName("event"));
  for (const char* field : {"severity", "summary", "fields", "samples", "inhibited_by", "inhibited_equal"})
    event->GetReflection()->ClearField(event, event->GetDescriptor()->FindFieldByName(field));
  std::string octets;
  {
    google::protobuf::io::StringOutputStream stream(&octets);
    google::protobuf::io::CodedOutputStream coded(&stream);
    coded.SetSerializationDeterministic(true);
    rule.SerializeToCodedStream(&coded);
  }
  return XXH3_64bits(octets.data(), octets.size());
}

// The filter of the rule, and for `of: events` which rules raised them.
std::string WholeFilter(const v1::Rule& rule, const v1::EventConfig& event) {
  if (event.of() != "events") return rule.filter();
  std::string text = kEventRecords;
  for (int i = 0; i < event.of_rules_size(); ++i)
    text += (i == 0 ? " AND (tag.event.rule:" : " OR tag.event.rule:") + event.of_rules(i);
  if (event.of_rules_size() > 0) text += ")";
  if (!rule.filter().empty()) text += " AND (" + rule.filter() + ")";
  return text;
}

class Planner {
 public:
  explicit Planner(const v1::Rule& rule) : plan_(std::make_shared<Plan>()) { plan_->rule = rule; }

  Result<std::shared_ptr<const Plan>, Error> Make() {
    const v1::EventConfig* event = EventConfigOf(plan_->rule);
    if (event == nullptr) Fail("is no detection");
    if (!error_.empty()) return {boost::system::in_place_error, error_};
    plan_->event = *event;
    AddBasics();
    AddExtracts();
    AddKind();
    AddTexts();
    if (!error_.empty()) return {boost::system::in_place_error, plan_->rule.name() + ": " + error_};
    return std::shared_ptr<const Plan>(plan_);
  }

 private:
  void Fail(const std::string& error) {
    if (error_.empty()) error_ = error;
  }

  Filter Parse(const std::string& text) {
    auto filter = Filter::Parse(text);
    if (filter) return *filter;
    Fail("filter: " + filter.error().ToString());
    return {};
  }

  void AddBasics() {
    plan_->of_events = plan_->event.of() == "events";
    plan_->filter = Parse(WholeFilter(plan_->rule, plan_->event));
    plan_->severity = ParseSeverity(plan_->event.severity()).value_or(4);
    if (!plan_->rule.expires().empty()) {
      const auto expires = filter::ParseTime(plan_->rule.expires());
      expires ? void(plan_->expires = expires->start) : Fail("expires: is no time");
    }
    plan_->fingerprint = FingerprintOf(plan_->rule);
  }

  void AddExtracts() {
    for (const std::string& text : plan_->event.extract()) {
      const auto pattern = CompilePattern(text);
      if (!pattern) return Fail("extract: " + pattern.error());
      Plan::Extract extract{*pattern, {}};
      extract.slots.assign(static_cast<std::size_t>((*pattern)->NumberOfCapturingGroups()), -1);
      for (const auto& [number, name] : (*pattern)->CapturingGroupNames())
        extract.slots[static_cast<std::size_t>(number) - 1] = static_cast<int>(PatternSlot(name));
      plan_->extracts.push_back(std::move(extract));
    }
    plan_->pattern_slots = plan_->slots.size();
  }

  std::size_t PatternSlot(const std::string& name) {
    const auto found = FindSlot(name, plan_->slots.size());
    if (!found) plan_->slots.push_back({name, {}});
    return found.value_or(plan_->slots.size() - 1);
  }
  std::optional<std::size_t> FindSlot(std::string_view name, std::size_t end, std::size_t begin = 0) const {
    for (std::size_t i = begin; i < end; ++i)
      if (plan_->slots[i].name == name) return i;
    return std::nullopt;
  }

  std::size_t FieldSlot(const FieldRef& field) {
    const std::string name = filter::FieldName(field);
    if (const auto found = FindSlot(name, plan_->slots.size(), plan_->pattern_slots)) return *found;
    plan_->slots.push_back({name, field});
    return plan_->slots.size() - 1;
  }
  // What a pattern finds comes before a field of that name.
  std::size_t SlotOf(const std::string& name) {
    if (const auto found = FindSlot(name, plan_->pattern_slots)) return *found;
    const auto field = ParseField(name);
    if (field) return FieldSlot(*field);
    Fail("\"" + name + "\" is no field: expected " + field.error().expected);
    return 0;
  }
  std::optional<std::size_t> OptionalSlot(const std::string& name) {
    if (name.empty()) return std::nullopt;
    return SlotOf(name);
  }

  template <class Names>
  void AddKey(const Names& by) {
    for (const std::string& name : by) plan_->by.push_back(SlotOf(name));
  }
  void AddInner(const std::string& text, const std::string& name = {}) {
    const bool counts_all = !name.empty();  // an empty filter of `counts` counts every record
    plan_->inner.push_back({name, Parse(text.empty() && !counts_all ? "NOT id:*" : text)});
    if (plan_->inner.size() > kMostInner) Fail("has more than 32 filters inside");
  }
  template <class Map>
  void AddCounts(const Map& counts) {
    std::vector<std::pair<std::string, std::string>> sorted(counts.begin(), counts.end());
    std::sort(sorted.begin(), sorted.end());
    for (const auto& [name, text] : sorted) AddInner(text, name);
  }

  void AddReset(const std::string& text) {
    AddInner(text);
    if (!text.empty()) plan_->reset = plan_->inner.back().filter;
  }
  void AddTransaction(const v1::TransactionRule& rule) {
    AddKey(rule.by());
    for (const auto& text : {rule.begin(), rule.end(), rule.require(), rule.without(), rule.start()})
      AddInner(text);
    AddCounts(rule.counts());
  }
  void AddSequence(const v1::SequenceRule& rule) {
    AddKey(rule.by());
    for (const std::string& step : rule.steps()) AddInner(step);
    AddInner(rule.without());
  }

  void AddKind() {
    const v1::Rule& rule = plan_->rule;
    plan_->weight = OptionalSlot(plan_->event.weight());
    switch (rule.kind_case()) {
      case v1::Rule::kMatch:
        return AddKey(rule.match().by());
      case v1::Rule::kThreshold:
        AddKey(rule.threshold().by());
        plan_->distinct = OptionalSlot(rule.threshold().distinct());
        return AddReset(rule.threshold().reset());
      case v1::Rule::kSequence:
        return AddSequence(rule.sequence());
      case v1::Rule::kTransaction:
        return AddTransaction(rule.transaction());
      case v1::Rule::kAbsent:
        return AddKey(rule.absent().by());
      case v1::Rule::kFirstSeen:
        return AddKey(rule.first_seen().by());
      case v1::Rule::kRateChange:
        return AddKey(rule.rate_change().by());
      default:
        plan_->top = OptionalSlot(rule.report().top());
        return AddCounts(rule.report().counts());
    }
  }

  // What a pattern finds comes before what the kind adds, and that before a field.
  EventText ParseText(std::string_view text) {
    const std::vector<std::string> names = DetectionNames(plan_->rule);
    EventText out;
    while (!text.empty()) {
      const std::size_t open = text.find("{{"), close = text.find("}}", std::min(open, text.size()));
      std::string part(text.substr(0, close == std::string_view::npos ? close : close + 2));
      text.remove_prefix(part.size());
      const bool lower = TakeLower(part);
      has_field_ = part.ends_with("}}") && part.find("{{") != std::string::npos;
      const auto parsed = FieldTemplate::Parse(part, names);
      if (!parsed) {
        Fail(parsed.error());
        return out;
      }
      AddPiece(parsed->pieces().front(), names, out);
      out.pieces.back().lower = lower;
    }
    return out;
  }
  // Whether the field at the end of `part` is to be in small letters; says so no more.
  static bool TakeLower(std::string& part) {
    constexpr std::string_view kLower = "|lower";
    if (!part.ends_with("}}")) return false;
    std::size_t end = part.size() - 2;
    while (end > 0 && part[end - 1] == ' ') --end;
    if (!std::string_view(part).substr(0, end).ends_with(kLower)) return false;
    part.erase(end - kLower.size(), kLower.size());
    return true;
  }
  void AddPiece(const FieldTemplate::Piece& piece, const std::vector<std::string>& names, EventText& out) {
    EventText::Piece& added = out.pieces.emplace_back();
    added.text = piece.text;
    if (piece.extra) {
      added.slot = FindSlot(names[*piece.extra], plan_->pattern_slots);
      if (!added.slot) added.name = names[*piece.extra];
    } else if (has_field_) {
      added.slot = FieldSlot(piece.field);
    }
  }

  void AddTexts() {
    if (!plan_->event.summary().empty()) plan_->summary = ParseText(plan_->event.summary());
    for (const auto& [name, text] : plan_->event.fields()) plan_->fields.emplace_back(name, ParseText(text));
    std::sort(plan_->fields.begin(), plan_->fields.end(),
              [](const auto& a, const auto& b) { return a.first < b.first; });
    plan_->counts_octets = plan_->rule.has_report() && plan_->uses("bytes");
  }

  const std::shared_ptr<Plan> plan_;
  bool has_field_ = false;  // the part of a text that is looked at ends with one
  Error error_;
};

}  // namespace

bool EventText::names(std::string_view name) const {
  return std::any_of(pieces.begin(), pieces.end(), [&](const Piece& piece) { return piece.name == name; });
}

bool Plan::uses(std::string_view name) const {
  return summary.names(name) || std::any_of(fields.begin(), fields.end(),
                                            [&](const auto& field) { return field.second.names(name); });
}

const v1::EventConfig* EventConfigOf(const v1::Rule& rule) {
  switch (rule.kind_case()) {
    case v1::Rule::kMatch:
      return &rule.match().event();
    case v1::Rule::kThreshold:
      return &rule.threshold().event();
    case v1::Rule::kSequence:
      return &rule.sequence().event();
    case v1::Rule::kTransaction:
      return &rule.transaction().event();
    case v1::Rule::kAbsent:
      return &rule.absent().event();
    case v1::Rule::kFirstSeen:
      return &rule.first_seen().event();
    case v1::Rule::kRateChange:
      return &rule.rate_change().event();
    case v1::Rule::kReport:
      return &rule.report().event();
    default:
      return nullptr;
  }
}

Result<std::shared_ptr<const Plan>, std::string> MakePlan(const v1::Rule& rule) {
  return Planner(rule).Make();
}

}  // namespace detect

std::vector<std::string> DetectionNames(const v1::Rule& rule) {
  std::vector<std::string> names = {"count", "first", "last", "key"};
  const auto add = [&](const std::string& name) {
    if (std::find(names.begin(), names.end(), name) == names.end()) names.push_back(name);
  };
  for (const std::string& name : detect::NamesOfKind(rule)) add(name);
  const v1::EventConfig* event = detect::EventConfigOf(rule);
  if (event == nullptr) return {};
  for (const std::string& text : event->extract()) {
    const auto pattern = CompilePattern(text);
    if (!pattern) continue;
    for (const std::string& name : GroupNames(**pattern)) add(name);
  }
  return names;
}

}  // namespace cistern
