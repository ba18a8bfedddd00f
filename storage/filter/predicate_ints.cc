#include <algorithm>

#include "storage/filter/predicate.h"

namespace cistern::filter {
namespace {

// Without branches, so that the compiler makes vector code of it.
template <class Test>
void NarrowInts(const Rows& rows, Column column, const Test& test) {
  const auto values = rows.view.Ints(column);
  std::uint8_t* selected = rows.selected.data();
  for (std::size_t i = rows.begin; i < rows.end; ++i)
    selected[i] &= static_cast<std::uint8_t>(test(values[i]));
}

class IntRange final : public Predicate {
 public:
  IntRange(Column column, std::int64_t low, std::int64_t high) : column_(column), low_(low), high_(high) {}
  void Narrow(const Rows& rows) const override {
    NarrowInts(rows, column_,
               [low = low_, high = high_](std::int64_t v) { return (v >= low) & (v <= high); });
  }
  Verdict JudgeBlock(BlockIndex& index, Ask) const override {
    const auto range = index.IntRange(column_);
    if (!range) return Verdict::kSome;
    if (range->max < low_ || range->min > high_) return Verdict::kNone;
    // Rows without a time are in no range, and not counted here.
    const bool every_row = column_ != Column::kTime;
    return every_row && range->min >= low_ && range->max <= high_ ? Verdict::kAll : Verdict::kSome;
  }
  int cost() const override { return 1; }
  void Tighten(FilterBounds& bounds) const override {
    if (column_ == Column::kReceived) {
      bounds.received_min = std::max(bounds.received_min, low_);
      bounds.received_max = std::min(bounds.received_max, high_);
    } else if (column_ == Column::kId) {
      bounds.id_min = std::max(bounds.id_min, static_cast<std::uint64_t>(std::max<std::int64_t>(low_, 0)));
      bounds.id_max = std::min(bounds.id_max, static_cast<std::uint64_t>(std::max<std::int64_t>(high_, 0)));
    }
  }

 private:
  Column column_;
  std::int64_t low_, high_;
};

class IntSetTest final : public Predicate {
 public:
  IntSetTest(Column column, const IntSet& allowed) : column_(column) {
    for (std::size_t i = 0; i < allowed_.size(); ++i) allowed_[i] = allowed[i];
  }
  void Narrow(const Rows& rows) const override {
    NarrowInts(rows, column_, [this](std::int64_t v) { return allowed_[static_cast<std::uint8_t>(v)]; });
  }
  Verdict JudgeBlock(BlockIndex& index, Ask) const override {
    return JudgeValues(index.IntValues(column_),
                       [this](std::int64_t v) { return allowed_[static_cast<std::uint8_t>(v)] != 0; });
  }
  int cost() const override { return 1; }

 private:
  Column column_;
  std::array<std::uint8_t, 256> allowed_{};
};

class IntMask final : public Predicate {
 public:
  IntMask(Column column, std::int64_t mask) : column_(column), mask_(mask) {}
  void Narrow(const Rows& rows) const override {
    NarrowInts(rows, column_, [mask = mask_](std::int64_t v) { return (v & mask) != 0; });
  }
  Verdict JudgeBlock(BlockIndex& index, Ask) const override {
    return JudgeValues(index.IntValues(column_), [this](std::int64_t v) { return (v & mask_) != 0; });
  }
  int cost() const override { return 1; }

 private:
  Column column_;
  std::int64_t mask_;
};

}  // namespace

PredicatePtr MakeIntRange(Column column, std::int64_t low, std::int64_t high) {
  return std::make_unique<IntRange>(column, low, high);
}
PredicatePtr MakeIntSet(Column column, const IntSet& allowed) {
  return std::make_unique<IntSetTest>(column, allowed);
}
PredicatePtr MakeIntMask(Column column, std::int64_t mask) { return std::make_unique<IntMask>(column, mask); }

}  // namespace cistern::filter
