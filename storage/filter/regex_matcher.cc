#include "storage/filter/regex_matcher.h"

#include <re2/filtered_re2.h>
#include <re2/re2.h>

#include <algorithm>
#include <map>
#include <numeric>

#include "storage/filter/field.h"
#include "storage/filter/regex_walk.h"
#include "storage/filter/text_judge.h"

namespace cistern::filter {
namespace {

// Shorter literals stand in almost every text.
constexpr int kMinLiteral = 2;
// More than this many alternatives are not worth asking for one by one; they fit one integer.
constexpr std::size_t kMaxLiterals = 64;

// Of a program; a text made for it costs a few ns a step and octet, any other about one ns an octet.
constexpr int kMostSteps = 4000;

// In longer values of slots RE2 is faster.
constexpr std::size_t kLongValue = 64;

re2::StringPiece Piece(std::string_view text) { return {text.data(), text.size()}; }

// Whether the pattern may look at what is around a match. `[^` begins a class wherever it is no text.
bool MayAssert(std::string_view pattern) {
  for (std::size_t i = 0; i < pattern.size(); ++i) {
    const char c = pattern[i], next = i + 1 < pattern.size() ? pattern[i + 1] : '\0';
    if (c == '^' || c == '$') return true;
    if (c == '\\' && std::string_view("bBAzZQ").find(next) != std::string_view::npos) return true;
    if (c == '\\' || (c == '[' && next == '^')) ++i;
  }
  return false;
}

// Bytes are what is searched: Latin-1 lets `.` match every byte.
re2::RE2::Options OptionsOf(const Value& value) {
  re2::RE2::Options options(re2::RE2::Latin1);
  options.set_log_errors(false);
  options.set_never_capture(true);
  options.set_case_sensitive(!value.ignore_case);
  options.set_max_mem(2 << 20);
  return options;
}

// The literals that a match needs, and how: RE2 knows that as a tree of AND and OR over them.
class Literals {
 public:
  Literals(const std::string& pattern, const re2::RE2::Options& options) : tree_(kMinLiteral) {
    int id = 0;
    std::vector<std::string> texts;
    if (tree_.Add(pattern, options, &id) == re2::RE2::NoError) tree_.Compile(&texts);
    if (texts.size() > kMaxLiterals) return;
    for (const std::string& text : texts) AddLiteral(text);
    if (!literals_.empty() && Suffices(0)) literals_.clear();
    if (!literals_.empty()) FindNeeded(texts);
    if (!literals_.empty()) FindAny(texts);
  }

  // None: every text has to be searched.
  bool empty() const { return literals_.empty(); }
  std::size_t size() const { return literals_.size(); }
  // Null: a literal that may stand anywhere. RE2 folds more than ASCII.
  const TextJudge* judge(std::size_t i) const { return literals_[i].get(); }
  // The longest one without which nothing matches.
  const std::optional<LiteralFinder>& needed() const { return needed_; }

  // One of them is in every text that matches; none: not known.
  const std::vector<std::string>& any() const { return any_; }

  // Whether a text that holds exactly these literals (a bit each) may match.
  bool Suffices(std::uint64_t present) const {
    std::vector<int> held, passed;
    for (std::size_t i = 0; i < literals_.size(); ++i) {
      if (present >> i & 1) held.push_back(static_cast<int>(i));
    }
    tree_.AllPotentials(held, &passed);
    return !passed.empty();
  }

 private:
  static bool IsAscii(const std::string& text) {
    return std::all_of(text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) < 0x80; });
  }

  void AddLiteral(const std::string& text) {
    Elements elements;
    for (char c : text) elements.atoms.push_back({Atom::Kind::kByte, c});
    literals_.push_back(IsAscii(text) ? std::make_unique<const TextJudge>(elements) : nullptr);
  }

  void FindNeeded(const std::vector<std::string>& texts) {
    const std::uint64_t all = ~std::uint64_t{0};
    for (std::size_t i = 0; i < texts.size(); ++i) {
      const bool longer = !needed_ || texts[i].size() > needed_->size();
      if (!longer || !IsAscii(texts[i]) || Suffices(all & ~(std::uint64_t{1} << i))) continue;
      needed_.emplace(texts[i]);
    }
  }

  // The longest ones that together leave no way round.
  void FindAny(const std::vector<std::string>& texts) {
    std::vector<std::size_t> order(texts.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::stable_sort(order.begin(), order.end(),
                     [&](std::size_t a, std::size_t b) { return texts[a].size() > texts[b].size(); });
    std::uint64_t others = ~std::uint64_t{0};
    std::vector<std::size_t> taken;
    for (const std::size_t i : order) {
      if (!Suffices(others)) break;
      if (!IsAscii(texts[i])) continue;
      others &= ~(std::uint64_t{1} << i);
      taken.push_back(i);
    }
    if (Suffices(others)) return;
    for (const std::size_t i : taken) {
      const std::uint64_t with = others | std::uint64_t{1} << i;
      if (Suffices(with)) {
        any_.push_back(texts[i]);
      } else {
        others = with;
      }
    }
  }

  re2::FilteredRE2 tree_;
  std::vector<std::unique_ptr<const TextJudge>> literals_;
  std::optional<LiteralFinder> needed_;
  std::vector<std::string> any_;
};

class Regex final : public Matcher, public TemplateMatcher {
 public:
  Regex(const std::string& pattern, const re2::RE2::Options& options)
      : regex_(pattern, options), literals_(pattern, options), may_assert_(MayAssert(pattern)) {
    const auto automaton = PositionAutomaton::Compile(pattern, !options.case_sensitive());
    if (automaton) walk_.emplace(*automaton);
  }

  bool Matches(std::string_view value) const override {
    if (literals_.needed() && literals_.needed()->Find(value, 0) == std::string_view::npos) return false;
    return re2::RE2::PartialMatch(Piece(value), regex_);
  }
  int cost() const override { return 100; }
  const TemplateMatcher* templates() const override { return this; }
  const re2::RE2& regex() const { return regex_; }

  bool RuledOut(BlockIndex& index) const override;
  void Judge(Judging& judging, std::span<Verdict> verdicts) const override;
  RowPlan Plan(std::span<const std::string_view> pieces, std::span<const SlotStamp> stamps) const override;
  Verdict TestSlot(std::string_view value, const RowPlan::Slot& slot) const override;

 private:
  bool InOnePiece(std::span<const std::string_view> pieces) const {
    return !may_assert_ &&
           std::any_of(pieces.begin(), pieces.end(), [&](std::string_view piece) { return Matches(piece); });
  }

  const re2::RE2 regex_;
  const Literals literals_;
  const bool may_assert_;
  std::optional<RegexWalk> walk_;  // where the expression is one that it understands
};

RowPlan Regex::Plan(std::span<const std::string_view> pieces, std::span<const SlotStamp> stamps) const {
  if (walk_) return walk_->Plan(pieces, stamps);
  return {InOnePiece(pieces) ? RowPlan::Kind::kAll : RowPlan::Kind::kText, {}};
}

bool Regex::RuledOut(BlockIndex& index) const {
  if (literals_.empty()) return false;
  std::uint64_t present = 0;
  for (std::size_t i = 0; i < literals_.size(); ++i) {
    const TextJudge* judge = literals_.judge(i);
    if (!judge || !judge->RuledOut(index)) present |= std::uint64_t{1} << i;
  }
  return !literals_.Suffices(present);
}

Verdict Regex::TestSlot(std::string_view value, const RowPlan::Slot& slot) const {
  if (slot.some == 0 && value.size() > kLongValue) return Matches(value) ? Verdict::kAll : Verdict::kNone;
  if (walk_->EndsIn(value, slot.every)) return Verdict::kAll;
  return slot.some != slot.every && walk_->EndsIn(value, slot.some) ? Verdict::kSome : Verdict::kNone;
}

void Regex::Judge(Judging& judging, std::span<Verdict> verdicts) const {
  std::vector<std::uint64_t> present(verdicts.size(), 0);
  std::vector<Verdict> may_hold(verdicts.size());
  for (std::size_t i = 0; i < literals_.size(); ++i) {
    const TextJudge* judge = literals_.judge(i);
    std::fill(may_hold.begin(), may_hold.end(), Verdict::kSome);
    if (judge) judge->Judge(judging, may_hold);
    for (std::size_t t = 0; t < present.size(); ++t) {
      if (may_hold[t] != Verdict::kNone) present[t] |= std::uint64_t{1} << i;
    }
  }
  std::map<std::uint64_t, bool> suffices;
  const auto templates = judging.templates();
  for (std::size_t t = 0; t < verdicts.size(); ++t) {
    const auto [known, added] = suffices.try_emplace(present[t], true);
    if (added && !literals_.empty()) known->second = literals_.Suffices(present[t]);
    const RowPlan::Kind kind =
        known->second ? Plan(templates[t].pieces, templates[t].slots).kind : RowPlan::Kind::kNone;
    verdicts[t] = kind == RowPlan::Kind::kNone  ? Verdict::kNone
                  : kind == RowPlan::Kind::kAll ? Verdict::kAll
                                                : Verdict::kSome;
  }
}

}  // namespace

MatcherResult MakeRegex(const Value& value) {
  const re2::RE2::Options options = OptionsOf(value);
  auto regex = std::make_unique<Regex>(value.regex, options);
  const bool fits = regex->regex().ok() && regex->regex().ProgramSize() <= kMostSteps;
  if (fits) return MatcherPtr(std::move(regex));
  if (regex->regex().ok())
    return FilterError{value.offset, Quoted("/" + value.regex + "/"),
                       "a smaller regular expression (its program has " +
                           std::to_string(regex->regex().ProgramSize()) + " steps, at most " +
                           std::to_string(kMostSteps) + "; repeats such as {1,64} multiply, + and * do not)"};
  return FilterError{value.offset, Quoted("/" + value.regex + "/"),
                     "a regular expression that RE2 accepts (" + regex->regex().error() + ")"};
}

std::vector<std::string> NeededLiterals(const Value& value) {
  return Literals(value.regex, OptionsOf(value)).any();
}

}  // namespace cistern::filter
