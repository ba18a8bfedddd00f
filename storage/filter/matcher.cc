#include "storage/filter/matcher.h"

#include <algorithm>
#include <charconv>
#include <limits>
#include <optional>

#include "ingest/message/structured_data.h"
#include "ingest/message/tags.h"
#include "storage/filter/field.h"
#include "storage/filter/regex_matcher.h"
#include "storage/filter/text_judge.h"
#include "storage/words.h"

namespace cistern::filter {
namespace {

class Anything final : public Matcher {
 public:
  bool Matches(std::string_view) const override { return true; }
  int cost() const override { return 1; }
};

class NotEmpty final : public Matcher, public TemplateMatcher {
 public:
  bool Matches(std::string_view value) const override { return !value.empty(); }
  int cost() const override { return 1; }
  const TemplateMatcher* templates() const override { return this; }

  bool RuledOut(BlockIndex&) const override { return false; }
  void Judge(Judging& judging, std::span<Verdict> verdicts) const override {
    const auto templates = judging.templates();
    for (std::size_t t = 0; t < verdicts.size(); ++t) {
      const bool text = HasText(templates[t].pieces) ||
                        std::any_of(templates[t].slots.begin(), templates[t].slots.end(),
                                    [](const SlotStamp& stamp) { return stamp.min_length > 0; });
      verdicts[t] = text ? Verdict::kAll : Verdict::kSome;
    }
  }
  RowPlan Plan(std::span<const std::string_view> pieces, std::span<const SlotStamp>) const override {
    return {HasText(pieces) ? RowPlan::Kind::kAll : RowPlan::Kind::kText, {}};
  }
  Verdict TestSlot(std::string_view value, const RowPlan::Slot&) const override {
    return Matches(value) ? Verdict::kAll : Verdict::kNone;
  }

 private:
  static bool HasText(std::span<const std::string_view> pieces) {
    return std::any_of(pieces.begin(), pieces.end(), [](std::string_view piece) { return !piece.empty(); });
  }
};

class Exact final : public Matcher {
 public:
  explicit Exact(std::string value) : value_(std::move(value)) {}
  bool Matches(std::string_view value) const override { return EqualsFolded(value, value_); }
  int cost() const override { return 2; }

 private:
  std::string value_;
};

// Whole value with wildcards. A star that fails takes one byte more; earlier stars need not be tried again,
// since the latest can take whatever they would leave.
class Glob final : public Matcher {
 public:
  explicit Glob(Text text) : text_(std::move(text)) {
    for (Atom& atom : text_) atom.byte = FoldByte(atom.byte);
  }
  bool Matches(std::string_view value) const override;
  int cost() const override { return 4; }

 private:
  Text text_;
};

bool Glob::Matches(std::string_view value) const {
  std::size_t i = 0, p = 0;
  std::optional<std::size_t> star;  // in text_
  std::size_t resume = 0;           // in value: where the star's match ends
  while (i < value.size()) {
    if (p < text_.size() && text_[p].kind == Atom::Kind::kStar) {
      star = p++;
      resume = i;
    } else if (p < text_.size() &&
               (text_[p].kind == Atom::Kind::kAny || text_[p].byte == FoldByte(value[i]))) {
      ++p;
      ++i;
    } else if (star) {
      p = *star + 1;
      i = ++resume;
    } else {
      return false;
    }
  }
  while (p < text_.size() && text_[p].kind == Atom::Kind::kStar) ++p;
  return p == text_.size();
}

class Words final : public Matcher {
 public:
  explicit Words(const Elements& elements) : pattern_(elements) {
    if (!elements.atoms.empty()) judge_.emplace(elements);
  }
  bool Matches(std::string_view value) const override { return pattern_.Matches(value); }
  int cost() const override { return pattern_.is_literal() ? 20 : 40; }
  const TemplateMatcher* templates() const override { return judge_ ? &*judge_ : nullptr; }

 private:
  TextPattern pattern_;
  std::optional<TextJudge> judge_;
};

class NumberRange final : public Matcher {
 public:
  bool Matches(std::string_view value) const override {
    double number = 0;
    const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), number);
    if (error != std::errc{} || end != value.data() + value.size()) return false;
    return (number > low || (number == low && low_included)) &&
           (number < high || (number == high && high_included));
  }
  int cost() const override { return 4; }

  double low = -std::numeric_limits<double>::infinity(), high = std::numeric_limits<double>::infinity();
  bool low_included = true, high_included = true;
};

class TagItem final : public Matcher {
 public:
  TagItem(std::string name, MatcherPtr item) : name_(std::move(name)), item_(std::move(item)) {}
  bool Matches(std::string_view encoded) const override {
    TagsReader reader(encoded);
    while (const auto tag = reader.Next()) {
      if (tag->name == name_ && item_->Matches(tag->value)) return true;
    }
    return false;
  }
  int cost() const override { return 10; }

 private:
  std::string name_;
  MatcherPtr item_;
};

class StructuredDataItem final : public Matcher {
 public:
  StructuredDataItem(std::string id, std::string name, MatcherPtr item)
      : id_(std::move(id)), name_(std::move(name)), item_(std::move(item)) {}
  bool Matches(std::string_view text) const override {
    if (text.find(id_) == std::string_view::npos) return false;
    StructuredDataReader reader(text);
    std::string unescaped;
    while (const auto item = reader.Next()) {
      if (item->id != id_ || !item->has_param || item->name != name_) continue;
      if (item->escaped) UnescapeSdValue(item->value, unescaped);
      if (item_->Matches(item->escaped ? std::string_view(unescaped) : item->value)) return true;
    }
    return false;
  }
  int cost() const override { return 12; }

 private:
  std::string id_, name_;
  MatcherPtr item_;
};

FilterError Unordered(const Value& value) {
  return {value.offset, value.op == Op::kBetween ? "a range" : "a comparison",
          "a word, a phrase or /regex/: only numbers, times, severity and facility have an order; "
          "a backslash or quotes make it text"};
}

Result<double, FilterError> NumberOf(const Text& text, std::size_t offset) {
  const std::string plain = Plain(text);
  double number = 0;
  const auto [end, error] = std::from_chars(plain.data(), plain.data() + plain.size(), number);
  if (error == std::errc{} && end == plain.data() + plain.size())
    return {boost::system::in_place_value, number};
  return FilterError{offset, Quoted(plain), "a number"};
}

bool IsStar(const Text& text) { return text.size() == 1 && text.front().kind == Atom::Kind::kStar; }

MatcherResult MakeBetween(const Value& value) {
  auto range = std::make_unique<NumberRange>();
  if (!IsStar(value.text)) {
    const auto low = NumberOf(value.text, value.text_offset);
    if (!low) return low.error();
    range->low = *low;
  }
  if (!IsStar(value.upper)) {
    const auto high = NumberOf(value.upper, value.upper_offset);
    if (!high) return high.error();
    range->high = *high;
  }
  return MatcherPtr(std::move(range));
}

MatcherResult MakeNumberRange(const Value& value) {
  if (value.op == Op::kBetween) return MakeBetween(value);
  const auto number = NumberOf(value.text, value.text_offset);
  if (!number) return number.error();
  auto range = std::make_unique<NumberRange>();
  if (value.op != Op::kLess && value.op != Op::kLessEqual) range->low = *number;
  if (value.op != Op::kGreater && value.op != Op::kGreaterEqual) range->high = *number;
  range->low_included = value.op != Op::kGreater;
  range->high_included = value.op != Op::kLess;
  return MatcherPtr(std::move(range));
}

MatcherResult MakeWhole(const Value& value) {
  if (value.op == Op::kRegex) return MakeRegex(value);
  if (HasWildcard(value.text)) return MatcherPtr(std::make_unique<Glob>(value.text));
  return MatcherPtr(std::make_unique<Exact>(Plain(value.text)));
}

bool IsOrdered(const Value& value) { return value.op != Op::kMatch && value.op != Op::kRegex; }

}  // namespace

MatcherResult MakeTextMatcher(const Value& value) {
  if (IsOrdered(value)) return Unordered(value);
  if (value.op == Op::kRegex) return MakeRegex(value);
  if (value.exists()) return MatcherPtr(std::make_unique<NotEmpty>());
  for (const Atom& atom : value.text) {
    if (atom.kind != Atom::Kind::kBlank) return MatcherPtr(std::make_unique<Words>(ElementsOf(value.text)));
  }
  return FilterError{value.offset, "empty quotes", "text between the quotes"};
}

MatcherResult MakeValueMatcher(const Value& value) {
  if (IsOrdered(value)) return Unordered(value);
  if (value.exists()) return MatcherPtr(std::make_unique<NotEmpty>());
  return MakeWhole(value);
}

MatcherResult MakeItemMatcher(const Value& value) {
  if (IsOrdered(value)) return MakeNumberRange(value);
  if (value.exists()) return MatcherPtr(std::make_unique<Anything>());
  return MakeWhole(value);
}

MatcherPtr MakeTagMatcher(std::string name, MatcherPtr item) {
  return std::make_unique<TagItem>(std::move(name), std::move(item));
}

MatcherPtr MakeStructuredDataMatcher(std::string id, std::string name, MatcherPtr item) {
  return std::make_unique<StructuredDataItem>(std::move(id), std::move(name), std::move(item));
}

}  // namespace cistern::filter
