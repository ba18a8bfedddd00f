#include <algorithm>
#include <string>
#include <vector>

#include "storage/filter/compile.h"
#include "storage/filter/field.h"
#include "storage/filter/suggest.h"

namespace cistern::filter {
namespace {

// The integers of a column, and what they are called.
struct Names {
  std::vector<std::string_view> names;  // by integer; "" has none
  std::optional<int> (*parse)(std::string_view text);
  const char* what;
  bool ordered;
  bool reversed;  // a smaller integer is more: severities
  int first_present;
};

template <auto Parse>
std::optional<int> ParseWith(std::string_view text) {
  const auto parsed = Parse(text);
  return parsed ? std::optional<int>(static_cast<int>(*parsed)) : std::nullopt;
}

template <auto Name, class Value>
std::vector<std::string_view> NamesWith(int count) {
  std::vector<std::string_view> names;
  for (int i = 0; i < count; ++i) names.push_back(Name(static_cast<Value>(i)));
  return names;
}

Names NamesOf(Column column) {
  switch (column) {
    case Column::kFacility:
      return {
          NamesWith<&FacilityName, Facility>(24), &ParseWith<&ParseFacility>, "a facility", true, false, 0};
    case Column::kSeverity:
      return {NamesWith<&SeverityName, Severity>(8), &ParseWith<&ParseSeverity>, "a severity", true, true, 0};
    case Column::kTransport:
      return {NamesWith<&TransportName, Transport>(7),
              &ParseWith<&ParseTransport>,
              "a transport",
              false,
              false,
              1};
    default:
      return {NamesWith<&FormatName, Format>(3), &ParseWith<&ParseFormat>, "a format", false, false, 0};
  }
}

FilterError NotAName(const std::vector<std::string_view>& names, std::string_view what, std::string_view text,
                     std::size_t offset) {
  std::string expected(what);
  expected += " (";
  for (std::string_view name : names) {
    if (name.empty()) continue;
    if (!expected.ends_with('(')) expected += ' ';
    expected += name;
  }
  return {offset, Quoted(text), WithSuggestion(expected + ")", text, names)};
}

Result<int, FilterError> ReadName(const Names& names, const Text& text, std::size_t offset) {
  const std::string plain = Plain(text);
  const auto parsed = names.parse(plain);
  if (parsed) return {boost::system::in_place_value, *parsed};
  return NotAName(names.names, names.what, plain, offset);
}

bool IsStar(const Text& text) { return text.size() == 1 && text.front().kind == Atom::Kind::kStar; }

using SetResult = Result<IntSet, FilterError>;

IntSet Between(int a, int b) {
  IntSet set;
  for (int i = std::min(a, b); i <= std::max(a, b); ++i) set.set(static_cast<std::size_t>(i));
  return set;
}

SetResult ReadBetween(const Names& names, const Value& value) {
  const int last = static_cast<int>(names.names.size()) - 1;
  int low = names.reversed ? last : 0, high = names.reversed ? 0 : last;
  if (!IsStar(value.text)) {
    const auto read = ReadName(names, value.text, value.text_offset);
    if (!read) return read.error();
    low = *read;
  }
  if (!IsStar(value.upper)) {
    const auto read = ReadName(names, value.upper, value.upper_offset);
    if (!read) return read.error();
    high = *read;
  }
  return Between(low, high);
}

SetResult ReadOrdered(const Names& names, const Value& value) {
  if (value.op == Op::kBetween) return ReadBetween(names, value);
  const auto read = ReadName(names, value.text, value.text_offset);
  if (!read) return read.error();
  const bool more = value.op == Op::kGreater || value.op == Op::kGreaterEqual;
  const int last = static_cast<int>(names.names.size()) - 1;
  IntSet set = Between(*read, value.op == Op::kEqual ? *read : more != names.reversed ? last : 0);
  if (value.op == Op::kGreater || value.op == Op::kLess) set.reset(static_cast<std::size_t>(*read));
  return set;
}

SetResult ReadMatching(const std::vector<std::string_view>& names, const Value& value) {
  const auto matcher = MakeValueMatcher(value);
  if (!matcher) return matcher.error();
  IntSet set;
  for (std::size_t i = 0; i < names.size(); ++i) set[i] = !names[i].empty() && (*matcher)->Matches(names[i]);
  return set;
}

SetResult ReadSet(const Names& names, const Value& value) {
  if (value.exists()) return Between(names.first_present, 255);
  const bool match = value.op == Op::kMatch || value.op == Op::kRegex;
  if (!match && names.ordered) return ReadOrdered(names, value);
  if (!match || value.op == Op::kRegex || HasWildcard(value.text)) return ReadMatching(names.names, value);
  const auto read = ReadName(names, value.text, value.text_offset);
  if (!read) return read.error();
  return Between(*read, *read);
}

std::vector<std::string_view> FlagNames() {
  std::vector<std::string_view> names;
  for (int bit = 0; bit < 32; ++bit) names.push_back(FlagName(1u << bit));
  return names;
}

}  // namespace

PredicateResult CompileName(Column column, const Value& value) {
  const auto set = ReadSet(NamesOf(column), value);
  if (!set) return set.error();
  return MakeIntSet(column, *set);
}

PredicateResult CompileFlags(const Value& value) {
  if (value.exists()) return MakeIntMask(Column::kFlags, -1);
  if (value.op == Op::kMatch && !HasWildcard(value.text)) {
    if (const std::uint32_t flag = ParseFlag(Plain(value.text))) return MakeIntMask(Column::kFlags, flag);
    return NotAName(FlagNames(), "a flag", Plain(value.text), value.offset);
  }
  const auto set = ReadMatching(FlagNames(), value);
  if (!set) return set.error();
  std::int64_t mask = 0;
  for (std::size_t bit = 0; bit < 32; ++bit) mask |= static_cast<std::int64_t>((*set)[bit]) << bit;
  return MakeIntMask(Column::kFlags, mask);
}

}  // namespace cistern::filter
