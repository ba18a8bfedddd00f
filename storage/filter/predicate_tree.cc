#include <algorithm>

#include "storage/filter/predicate.h"

namespace cistern::filter {
namespace {

bool AnySelected(const Rows& rows) {
  const auto* first = rows.selected.data();
  return std::find(first + rows.begin, first + rows.end, 1) != first + rows.end;
}

int TotalCost(const std::vector<PredicatePtr>& parts) {
  int total = 0;
  for (const auto& part : parts) total += part->cost();
  return total;
}

bool AnyJudgesTemplates(const std::vector<PredicatePtr>& parts) {
  return std::any_of(parts.begin(), parts.end(), [](const auto& part) { return part->judges_templates(); });
}

std::vector<PredicatePtr> CheapestFirst(std::vector<PredicatePtr> parts) {
  std::stable_sort(parts.begin(), parts.end(),
                   [](const auto& a, const auto& b) { return a->cost() < b->cost(); });
  return parts;
}

class All final : public Predicate {
 public:
  void Narrow(const Rows&) const override {}
  Verdict JudgeBlock(BlockIndex&, Ask) const override { return Verdict::kAll; }
  int cost() const override { return 0; }
};

// NOT on three values; kNone < kSome < kAll makes AND the smaller and OR the larger one.
Verdict Opposite(Verdict verdict) {
  return verdict == Verdict::kSome ? verdict : verdict == Verdict::kAll ? Verdict::kNone : Verdict::kAll;
}

// Judges by the parts one after another, until every verdict is `final`; `pick` joins two verdicts.
template <class Pick>
void JudgeParts(const std::vector<PredicatePtr>& parts, Judging& judging, std::span<Verdict> verdicts,
                Verdict final, const Pick& pick) {
  parts.front()->Judge(judging, verdicts);
  std::vector<Verdict> more(verdicts.size());
  for (std::size_t i = 1; i < parts.size(); ++i) {
    if (std::all_of(verdicts.begin(), verdicts.end(), [&](Verdict v) { return v == final; })) return;
    parts[i]->Judge(judging, more);
    for (std::size_t t = 0; t < more.size(); ++t) verdicts[t] = pick(verdicts[t], more[t]);
  }
}

template <class Pick>
Verdict JudgeParts(const std::vector<PredicatePtr>& parts, BlockIndex& index, Ask ask, Verdict final,
                   const Pick& pick) {
  Verdict verdict = parts.front()->JudgeBlock(index, ask);
  for (std::size_t i = 1; i < parts.size() && verdict != final; ++i)
    verdict = pick(verdict, parts[i]->JudgeBlock(index, ask));
  return verdict;
}

Verdict Smaller(Verdict a, Verdict b) { return std::min(a, b); }
Verdict Larger(Verdict a, Verdict b) { return std::max(a, b); }

class And final : public Predicate {
 public:
  explicit And(std::vector<PredicatePtr> parts) : parts_(CheapestFirst(std::move(parts))) {}
  void Narrow(const Rows& rows) const override {
    for (const auto& part : parts_) {
      part->Narrow(rows);
      if (!AnySelected(rows)) return;
    }
  }
  Verdict JudgeBlock(BlockIndex& index, Ask ask) const override {
    return JudgeParts(parts_, index, ask, Verdict::kNone, &Smaller);
  }
  void Judge(Judging& judging, std::span<Verdict> verdicts) const override {
    JudgeParts(parts_, judging, verdicts, Verdict::kNone, &Smaller);
  }
  bool judges_templates() const override { return AnyJudgesTemplates(parts_); }
  int cost() const override { return TotalCost(parts_); }
  void Tighten(FilterBounds& bounds) const override {
    for (const auto& part : parts_) part->Tighten(bounds);
  }

 private:
  std::vector<PredicatePtr> parts_;
};

class Or final : public Predicate {
 public:
  explicit Or(std::vector<PredicatePtr> parts) : parts_(CheapestFirst(std::move(parts))) {}
  void Narrow(const Rows& rows) const override {
    Selection open = rows.selected;  // selected, and not found by a part yet
    Selection found = rows.selected;
    const Rows found_rows{rows.view, found, rows.begin, rows.end, rows.index};
    for (const auto& part : parts_) {
      std::copy(open.begin() + static_cast<std::ptrdiff_t>(rows.begin),
                open.begin() + static_cast<std::ptrdiff_t>(rows.end),
                found.begin() + static_cast<std::ptrdiff_t>(rows.begin));
      part->Narrow(found_rows);
      for (std::size_t i = rows.begin; i < rows.end; ++i) open[i] &= static_cast<std::uint8_t>(!found[i]);
    }
    for (std::size_t i = rows.begin; i < rows.end; ++i)
      rows.selected[i] &= static_cast<std::uint8_t>(!open[i]);
  }
  Verdict JudgeBlock(BlockIndex& index, Ask ask) const override {
    return JudgeParts(parts_, index, ask, Verdict::kAll, &Larger);
  }
  void Judge(Judging& judging, std::span<Verdict> verdicts) const override {
    JudgeParts(parts_, judging, verdicts, Verdict::kAll, &Larger);
  }
  bool judges_templates() const override { return AnyJudgesTemplates(parts_); }
  int cost() const override { return TotalCost(parts_); }

 private:
  std::vector<PredicatePtr> parts_;
};

class Not final : public Predicate {
 public:
  explicit Not(PredicatePtr part) : part_(std::move(part)) {}
  void Narrow(const Rows& rows) const override {
    Selection found = rows.selected;
    part_->Narrow({rows.view, found, rows.begin, rows.end, rows.index});
    for (std::size_t i = rows.begin; i < rows.end; ++i)
      rows.selected[i] &= static_cast<std::uint8_t>(!found[i]);
  }
  Verdict JudgeBlock(BlockIndex& index, Ask ask) const override {
    return Opposite(part_->JudgeBlock(index, ask));
  }
  void Judge(Judging& judging, std::span<Verdict> verdicts) const override {
    part_->Judge(judging, verdicts);
    std::transform(verdicts.begin(), verdicts.end(), verdicts.begin(), &Opposite);
  }
  bool judges_templates() const override { return part_->judges_templates(); }
  int cost() const override { return part_->cost(); }

 private:
  PredicatePtr part_;
};

}  // namespace

PredicatePtr MakeAll() { return std::make_unique<All>(); }
PredicatePtr MakeAnd(std::vector<PredicatePtr> parts) { return std::make_unique<And>(std::move(parts)); }
PredicatePtr MakeOr(std::vector<PredicatePtr> parts) { return std::make_unique<Or>(std::move(parts)); }
PredicatePtr MakeNot(PredicatePtr part) { return std::make_unique<Not>(std::move(part)); }

}  // namespace cistern::filter
