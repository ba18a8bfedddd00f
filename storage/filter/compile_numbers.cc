#include <charconv>
#include <limits>

#include "storage/filter/compile.h"
#include "storage/filter/field.h"
#include "storage/filter/time_text.h"

namespace cistern::filter {
namespace {

using Limits = std::numeric_limits<std::int64_t>;

// Half-open: what one written number or time stands for.
struct Span {
  std::int64_t first, last;  // inclusive
};
using SpanResult = Result<Span, FilterError>;
using ReadSpan = SpanResult (*)(const Text& text, std::size_t offset, std::int64_t max, Op op);

SpanResult ReadNumber(const Text& text, std::size_t offset, std::int64_t max, Op) {
  const std::string plain = Plain(text);
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(plain.data(), plain.data() + plain.size(), number);
  if (error == std::errc{} && end == plain.data() + plain.size() && number >= 0 && number <= max) {
    return Span{number, number};
  }
  return FilterError{offset, Quoted(plain), "a number from 0 to " + std::to_string(max)};
}

// In comparisons a time with seconds is an instant; `time:...` alone means the whole second.
SpanResult ReadTime(const Text& text, std::size_t offset, std::int64_t, Op op) {
  const auto span = ParseTime(Plain(text));
  if (!span) {
    return FilterError{offset, Quoted(Plain(text)), "a time such as 2026-11-20T10:00:00Z, or a date"};
  }
  const bool instant = span->to_the_second && op != Op::kMatch && op != Op::kEqual;
  return Span{span->start, instant ? span->start : span->end - 1};
}

bool IsStar(const Text& text) { return text.size() == 1 && text.front().kind == Atom::Kind::kStar; }

SpanResult ReadBetween(const Value& value, ReadSpan read, const Span& all, std::int64_t max) {
  Span range = all;
  if (!IsStar(value.text)) {
    const SpanResult low = read(value.text, value.text_offset, max, value.op);
    if (!low) return low;
    range.first = low->first;
  }
  if (!IsStar(value.upper)) {
    const SpanResult high = read(value.upper, value.upper_offset, max, value.op);
    if (!high) return high;
    range.last = high->last;
  }
  return range;
}

constexpr Span kNothing{1, 0};

// The values of `all` that `value` asks for.
SpanResult ReadRange(const Value& value, ReadSpan read, const Span& all, std::int64_t max) {
  if (value.exists()) return all;
  if (value.op == Op::kBetween) return ReadBetween(value, read, all, max);
  const SpanResult span = read(value.text, value.text_offset, max, value.op);
  if (!span) return span;
  switch (value.op) {
    case Op::kLess:
      return span->first == all.first ? kNothing : Span{all.first, span->first - 1};
    case Op::kLessEqual:
      return Span{all.first, span->last};
    case Op::kGreater:
      return span->last == all.last ? kNothing : Span{span->last + 1, all.last};
    case Op::kGreaterEqual:
      return Span{span->first, all.last};
    default:
      return *span;
  }
}

PredicateResult CompileRange(Column column, const Value& value, ReadSpan read, const Span& all,
                             std::int64_t max) {
  if (value.op == Op::kRegex) {
    return FilterError{value.offset, Quoted("/" + value.regex + "/"), "a value or a comparison"};
  }
  const SpanResult range = ReadRange(value, read, all, max);
  if (!range) return range.error();
  return MakeIntRange(column, range->first, range->last);
}

}  // namespace

PredicateResult CompileNumber(Column column, std::int64_t max, const Value& value) {
  // Port 0 stands for none.
  const std::int64_t least = column == Column::kPort && value.exists() ? 1 : 0;
  return CompileRange(column, value, &ReadNumber, {least, max}, max);
}

PredicateResult CompileTime(Column column, const Value& value) {
  return CompileRange(column, value, &ReadTime, {kNoTime + 1, Limits::max()}, 0);
}

}  // namespace cistern::filter
