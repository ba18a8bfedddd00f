#include "storage/filter/filter_needs.h"

#include <algorithm>
#include <bit>

#include "storage/filter/regex_matcher.h"
#include "storage/filter/text_pattern.h"
#include "storage/words.h"

namespace cistern::filter {
namespace {

// A shorter literal stands in almost every text.
constexpr std::size_t kShortestLiteral = 2;
// More alternatives are not worth it.
constexpr std::size_t kMostAlternatives = 64;

using MaybeNeeds = std::optional<Needs>;

MaybeNeeds One(Need need, bool exact) {
  Needs needs;
  needs.any.push_back(std::move(need));
  needs.exact = exact;
  return needs;
}

MaybeNeeds OfWords(const Value& value) {
  const Elements elements = ElementsOf(value.text);
  const std::string run = LongestRun(elements.atoms);
  if (run.size() < kShortestLiteral) return std::nullopt;
  Need need;
  need.text = Folded(run);
  const bool whole = run.size() == elements.atoms.size();
  need.word_before = whole && elements.word_before;
  need.word_behind = whole && elements.word_behind;
  return One(std::move(need), whole);
}

MaybeNeeds OfRegex(const Value& value) {
  Needs needs;
  for (std::string& literal : NeededLiterals(value)) {
    if (literal.size() < kShortestLiteral) return std::nullopt;
    Need need;
    need.text = Folded(literal);
    needs.any.push_back(std::move(need));
  }
  if (needs.any.empty()) return std::nullopt;
  return needs;
}

MaybeNeeds OfMessage(const Value& value) {
  if (value.op == Op::kRegex) return OfRegex(value);
  if (value.op != Op::kMatch || value.exists()) return std::nullopt;
  return OfWords(value);
}

MaybeNeeds OfStrings(Column column, const Value& value) {
  Need need;
  need.column = column;
  if (value.op == Op::kMatch && !HasWildcard(value.text)) {
    need.kind = Need::Kind::kValue;
    need.text = Folded(Plain(value.text));
    return One(std::move(need), true);
  }
  return std::nullopt;
}

MaybeNeeds OfPeer(const Value& value) {
  if (value.op != Op::kMatch || HasWildcard(value.text)) return std::nullopt;
  const auto network = IpNetwork::Parse(Plain(value.text));
  if (!network) return std::nullopt;
  Need need;
  need.kind = Need::Kind::kNetwork;
  need.column = Column::kPeer;
  need.network = *network;
  return One(std::move(need), true);
}

// Asks the filter itself about each value that the column can have.
MaybeNeeds OfSmallInts(Column column, const Node& node) {
  Need need;
  need.kind = Need::Kind::kInt;
  need.column = column;
  const auto filter = Filter::Parse(ToText(node));
  if (!filter) return std::nullopt;
  std::vector<Record> records(need.ints.size());
  for (std::size_t value = 0; value < records.size(); ++value) {
    const auto octet = static_cast<std::uint8_t>(value);
    records[value].severity = records[value].facility = octet;
    records[value].transport = static_cast<Transport>(octet);
    records[value].format = static_cast<Format>(octet);
  }
  RecordsView view{std::span<const Record>(records)};
  Selection selected;
  filter->Evaluate(view, selected);
  for (std::size_t value = 0; value < records.size(); ++value) need.ints[value] = selected[value] != 0;
  return One(std::move(need), true);
}

MaybeNeeds Present(Column column) {
  Need need;
  need.kind = Need::Kind::kPresent;
  need.column = column;
  return One(std::move(need), false);
}

MaybeNeeds OfTag(const Node& term) {
  if (term.value.op != Op::kMatch || term.value.exists() || HasWildcard(term.value.text))
    return Present(Column::kTags);
  Need need;
  need.kind = Need::Kind::kTag;
  need.column = Column::kTags;
  need.tag = term.field.key;
  need.text = Folded(Plain(term.value.text));
  return One(std::move(need), false);
}

MaybeNeeds OfLiteral(std::string text) {
  Need need;
  need.text = std::move(text);
  return One(std::move(need), false);
}

MaybeNeeds OfColumn(const Node& term) {
  switch (term.field.column) {
    case Column::kMessage:
      return OfMessage(term.value);
    case Column::kHostname:
    case Column::kAppName:
    case Column::kProcid:
    case Column::kMsgid:
    case Column::kListener:
    case Column::kTlsIdentity:
      return OfStrings(term.field.column, term.value);
    case Column::kPeer:
      return OfPeer(term.value);
    case Column::kSeverity:
    case Column::kFacility:
    case Column::kTransport:
    case Column::kFormat:
      return OfSmallInts(term.field.column, term);
    default:
      return std::nullopt;
  }
}

MaybeNeeds OfTerm(const Node& term) {
  switch (term.field.kind) {
    case FieldRef::Kind::kColumn:
      return OfColumn(term);
    case FieldRef::Kind::kTag:
      return OfTag(term);
    case FieldRef::Kind::kStructuredData:
      return Present(Column::kStructuredData);
    case FieldRef::Kind::kCef:
      return OfLiteral("cef:");
    case FieldRef::Kind::kLeef:
      return OfLiteral("leef:");
    default:
      return std::nullopt;
  }
}

// How few rows are likely to have it: the more the fewer.
std::size_t Rarity(const Need& need) {
  switch (need.kind) {
    case Need::Kind::kLiteral:
      return 20 + 10 * std::min<std::size_t>(need.text.size(), 10);
    case Need::Kind::kValue:
      return need.column == Column::kHostname || need.column == Column::kProcid ? 70 : 45;
    case Need::Kind::kNetwork:
      return 60;
    case Need::Kind::kTag:
      return 65;
    case Need::Kind::kPresent:
      return 50;
    case Need::Kind::kInt:
      return need.ints.count() < 4 ? 10 : 5;
  }
  return 0;
}

// Of the least rare; less where many filters share it.
std::size_t Rarity(const Needs& needs, const SharedNeeds& shared) {
  std::size_t least = SIZE_MAX;
  for (const Need& need : needs.any) {
    const std::size_t sharing = 10 * static_cast<std::size_t>(std::bit_width(shared.CountOf(need)));
    const std::size_t rarity = Rarity(need);
    least = std::min(least, rarity > sharing ? rarity - sharing : 0);
  }
  return least;
}

MaybeNeeds OfAnd(const Node& node, const SharedNeeds& shared) {
  MaybeNeeds best;
  for (const Node& child : node.children) {
    MaybeNeeds needs = NeedsOf(child, shared);
    if (needs && (!best || Rarity(*needs, shared) > Rarity(*best, shared))) best = std::move(needs);
  }
  if (best) best->exact = false;
  return best;
}

MaybeNeeds OfOr(const Node& node, const SharedNeeds& shared) {
  Needs all;
  all.exact = true;
  for (const Node& child : node.children) {
    MaybeNeeds needs = NeedsOf(child, shared);
    if (!needs || all.any.size() + needs->any.size() > kMostAlternatives) return std::nullopt;
    all.exact = all.exact && needs->exact;
    std::move(needs->any.begin(), needs->any.end(), std::back_inserter(all.any));
  }
  return all;
}

}  // namespace

std::string SharedNeeds::KeyOf(const Need& need) {
  std::string key{static_cast<char>(need.kind), static_cast<char>(need.column)};
  return key + need.tag + '\0' + need.text +
         (need.kind == Need::Kind::kNetwork ? need.network.ToString() : "") +
         (need.kind == Need::Kind::kInt ? need.ints.to_string() : "");
}

void SharedNeeds::Count(const Node& node) {
  if (node.kind == Node::Kind::kTerm) {
    if (const auto needs = OfTerm(node)) {
      for (const Need& need : needs->any) ++counts_[KeyOf(need)];
    }
  }
  for (const Node& child : node.children) Count(child);
}

std::size_t SharedNeeds::CountOf(const Need& need) const {
  const auto known = counts_.find(KeyOf(need));
  return known == counts_.end() ? 0 : known->second;
}

std::optional<Needs> NeedsOf(const Node& node, const SharedNeeds& shared) {
  switch (node.kind) {
    case Node::Kind::kTerm:
      return OfTerm(node);
    case Node::Kind::kAnd:
      return OfAnd(node, shared);
    case Node::Kind::kOr:
      return OfOr(node, shared);
    default:
      return std::nullopt;
  }
}

}  // namespace cistern::filter
