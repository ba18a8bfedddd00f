#include "storage/filter/compile.h"

#include <limits>

#include "storage/filter/field.h"

namespace cistern::filter {
namespace {

PredicateResult CompilePeer(const Value& value) {
  if (value.op == Op::kMatch && !HasWildcard(value.text)) {
    if (const auto network = IpNetwork::Parse(Plain(value.text))) return MakePeerNetwork(*network);
    return FilterError{value.offset, Quoted(Plain(value.text)),
                       "an address, a network such as 10.0.0.0/8, or text with wildcards"};
  }
  auto matcher = MakeValueMatcher(value);
  if (!matcher) return matcher.error();
  return MakePeerText(std::move(*matcher));
}

PredicateResult CompileStrings(Column column, MatcherResult matcher) {
  if (!matcher) return matcher.error();
  return MakeStrings(column, std::move(*matcher));
}

PredicateResult CompileColumn(Column column, const Value& value) {
  switch (column) {
    case Column::kId:
      return CompileNumber(column, std::numeric_limits<std::int64_t>::max(), value);
    case Column::kPort:
      return CompileNumber(column, 65535, value);
    case Column::kTime:
    case Column::kReceived:
      return CompileTime(column, value);
    case Column::kFacility:
    case Column::kSeverity:
    case Column::kTransport:
    case Column::kFormat:
      return CompileName(column, value);
    case Column::kFlags:
      return CompileFlags(value);
    case Column::kPeer:
      return CompilePeer(value);
    case Column::kMessage: {
      MatcherResult matcher = MakeTextMatcher(value);
      if (!matcher) return matcher.error();
      return MakeMessages(std::move(*matcher));
    }
    case Column::kRaw:
      return CompileStrings(column, MakeTextMatcher(value));
    default:
      return CompileStrings(column, MakeValueMatcher(value));
  }
}

PredicateResult CompileItem(const FieldRef& field, const Value& value) {
  MatcherResult item = MakeItemMatcher(value);
  if (!item) return item.error();
  switch (field.kind) {
    case FieldRef::Kind::kTag:
      return MakeStrings(Column::kTags, MakeTagMatcher(field.key, std::move(*item)));
    case FieldRef::Kind::kStructuredData:
      return MakeStrings(Column::kStructuredData,
                         MakeStructuredDataMatcher(field.sd_id, field.key, std::move(*item)));
    case FieldRef::Kind::kCef:
      return MakePayload(&ExtractCef, field.key, std::move(*item));
    case FieldRef::Kind::kLeef:
      return MakePayload(&ExtractLeef, field.key, std::move(*item));
    case FieldRef::Kind::kCisco:
      return MakePayload(&ExtractCisco, field.key, std::move(*item));
    default:
      return MakePayload(&ExtractJson, field.key, std::move(*item));
  }
}

Result<std::vector<PredicatePtr>, FilterError> CompileChildren(const Node& node) {
  std::vector<PredicatePtr> parts;
  for (const Node& child : node.children) {
    auto part = Compile(child);
    if (!part) return part.error();
    parts.push_back(std::move(*part));
  }
  return parts;
}

}  // namespace

PredicateResult Compile(const Node& node) {
  if (node.kind == Node::Kind::kTerm) {
    return node.field.kind == FieldRef::Kind::kColumn ? CompileColumn(node.field.column, node.value)
                                                      : CompileItem(node.field, node.value);
  }
  auto parts = CompileChildren(node);
  if (!parts) return parts.error();
  switch (node.kind) {
    case Node::Kind::kAnd:
      return MakeAnd(std::move(*parts));
    case Node::Kind::kOr:
      return MakeOr(std::move(*parts));
    case Node::Kind::kNot:
      return MakeNot(std::move(parts->front()));
    default:
      return MakeAll();
  }
}

}  // namespace cistern::filter
