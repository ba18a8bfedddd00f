#include "service/events/silence_doubts.h"

#include <algorithm>

#include "ingest/message/tags.h"
#include "proto/yaml/scalar.h"
#include "proto/yaml/suggest.h"
#include "service/events/event_record.h"
#include "storage/filter/ast.h"

namespace cistern {
namespace {

using filter::Node;

constexpr std::string_view kPrefix = "event.";

class Doubts {
 public:
  explicit Doubts(const KnownEvents& known) : known_(known) {}

  void Look(const Node& node) {
    if (node.kind == Node::Kind::kTerm) return LookAtTerm(node);
    if (node.kind == Node::Kind::kNot) return;
    for (const Node& child : node.children) Look(child);
  }
  std::vector<std::string> Take() { return std::move(texts_); }

 private:
  void LookAtTerm(const Node& term) {
    const std::string text = ToText(term);
    const FieldRef& field = term.field;
    if (field.kind == FieldRef::Kind::kTag) return LookAtTag(text, field.key);
    if (field.kind == FieldRef::Kind::kStructuredData)
      texts_.push_back(text + ": records of events have no structured data");
    if (field.kind == FieldRef::Kind::kColumn) LookAtColumn(text, field.column);
  }

  void LookAtTag(const std::string& text, const std::string& tag) {
    if (tag == "event.rule") return LookAtRule(text);
    if (tag == "event") return;
    const bool of_event = tag.starts_with(kPrefix);
    const std::string name = of_event ? tag.substr(kPrefix.size()) : tag;
    if (of_event && (IsReservedEventField(name) || known_.fields.contains(name))) return;
    std::string doubt = text + ": no rule gives its events a field " + Quoted(name);
    if (!of_event) doubt += "; fields are tag.event.NAME";
    const std::string near =
        Suggest(name, std::vector<std::string>(known_.fields.begin(), known_.fields.end()));
    texts_.push_back(near.empty() ? doubt : doubt + "; did you mean tag.event." + near + "?");
  }

  void LookAtRule(const std::string& text) {
    const auto filter = Filter::Parse(text);
    const auto matches = [&](const std::string& rule) {
      std::string tags;
      AppendTag(tags, "event.rule", rule);
      Record record;
      record.tags = tags;
      return filter->Matches(record);
    };
    if (filter && std::none_of(known_.rules.begin(), known_.rules.end(), matches))
      texts_.push_back(text + ": no rule is called so, and no event is of such a rule");
  }

  // Columns that are the same in all records of events.
  void LookAtColumn(const std::string& text, Column column) {
    if (column != Column::kAppName && column != Column::kHostname && column != Column::kFacility &&
        column != Column::kTransport)
      return;
    Record record;
    record.app_name = kEventAppName;
    record.hostname = known_.hostname;
    record.facility = kEventFacility;
    record.transport = Transport::kInternal;
    const auto filter = Filter::Parse(text);
    if (filter && !filter->Matches(record))
      texts_.push_back(text + ": the records of events are cistern's own, with app cistern and hostname " +
                       known_.hostname + "; fields of events are tag.event.NAME");
  }

  const KnownEvents& known_;
  std::vector<std::string> texts_;
};

}  // namespace

std::vector<std::string> SilenceDoubts(const Filter& filter, const KnownEvents& known) {
  Doubts doubts(known);
  doubts.Look(filter.tree());
  return doubts.Take();
}

}  // namespace cistern
