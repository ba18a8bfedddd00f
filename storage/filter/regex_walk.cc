#include "storage/filter/regex_walk.h"

#include <algorithm>
#include <array>

namespace cistern::filter {
namespace {

// Values are followed byte by byte up to here; what longer ones may reach is taken together.
constexpr std::uint32_t kMaxSteps = 256;
constexpr SlotStamp kAnything;

}  // namespace

RowPlan RegexWalk::Plan(std::span<const std::string_view> pieces, std::span<const SlotStamp> stamps) const {
  Walk walk{.ends = automaton_.matches_empty()};
  RowPlan plan{RowPlan::Kind::kSlots, {}};
  bool needs_text = false;
  for (std::size_t i = 0; i < pieces.size() && !walk.ends; ++i) {
    ThroughPiece(pieces[i], walk);
    needs_text = needs_text || walk.may_end;
    if (walk.ends || i + 1 == pieces.size()) break;
    const RowPlan::Slot slot{static_cast<std::uint8_t>(i), walk.every, walk.some};
    walk.may_end = false;
    ThroughSlot(stamps.empty() ? kAnything : stamps[i], walk);
    if (walk.may_end) plan.slots.push_back(slot);
    needs_text = needs_text || i > 255;
    walk.may_end = false;
  }
  if (walk.ends) return {RowPlan::Kind::kAll, {}};
  if (needs_text) return {RowPlan::Kind::kText, {}};
  if (plan.slots.empty()) plan.kind = RowPlan::Kind::kNone;
  return plan;
}

void RegexWalk::ThroughPiece(std::string_view piece, Walk& walk) const {
  for (const char byte : piece) {
    const bool same = walk.some == walk.every;
    walk.every = automaton_.Step(walk.every, byte);
    walk.some = same ? walk.every : automaton_.Step(walk.some, byte);
    walk.ends = walk.ends || automaton_.Accepts(walk.every);
    walk.may_end = walk.may_end || automaton_.Accepts(walk.some);
  }
}

// What may be reached byte by byte in values whose words are not longer than `max_word`: one set of states
// for each length of the word at hand.
class RegexWalk::SomeSteps {
 public:
  SomeSteps(const PositionAutomaton& automaton, const SlotStamp& stamp, States entry)
      : automaton_(automaton),
        word_(automaton.SomeWordOf(stamp.classes)),
        separator_(automaton.SomeSeparatorOf(stamp.classes)),
        longest_(stamp.max_word <= kMaxWord ? stamp.max_word : 0) {
    by_word_[0] = entry;
  }

  States Step() {
    States all = 0;
    for (std::size_t i = 0; i <= reached_; ++i) all |= by_word_[i];
    const States next = automaton_.Next(all);
    if (longest_ == 0) return by_word_[0] = next & (word_ | separator_);
    const std::size_t reach = std::min(reached_ + 1, longest_);
    States some = next & separator_;
    for (std::size_t i = reach; i > 0; --i) some |= by_word_[i] = automaton_.Next(by_word_[i - 1]) & word_;
    by_word_[0] = next & separator_;
    reached_ = reach;
    return some;
  }
  bool SameAs(const SomeSteps& other) const { return by_word_ == other.by_word_; }
  // Whatever the length of words.
  States allowed() const { return word_ | separator_; }

 private:
  static constexpr std::uint32_t kMaxWord = 15;  // longer words are not told apart
  const PositionAutomaton& automaton_;
  const States word_, separator_;
  const std::size_t longest_;  // 0: any
  std::size_t reached_ = 0;
  std::array<States, kMaxWord + 1> by_word_{};
};

void RegexWalk::ThroughSlot(const SlotStamp& stamp, Walk& walk) const {
  if (!stamp.values.empty()) return ThroughValues(stamp.values, walk);
  const States certain = automaton_.EveryOf(stamp.classes);
  SomeSteps steps(automaton_, stamp, walk.some);
  States every = walk.every;
  walk.some = stamp.min_length == 0 ? walk.some : 0;
  walk.every = stamp.min_length == 0 ? every : ~States{0};
  for (std::uint32_t length = 1; length <= stamp.max_length; ++length) {
    const SomeSteps before = steps;
    const States every_before = every, some = steps.Step();
    if (length > kMaxSteps) return ThroughLongSlot(some, steps.allowed(), walk);
    every = automaton_.Next(every) & certain;
    walk.may_end = walk.may_end || automaton_.Accepts(some);
    walk.ends = walk.ends || (length <= stamp.min_length && automaton_.Accepts(every));
    if (length < stamp.min_length) continue;
    walk.some |= some;
    walk.every &= every;
    if (every == every_before && steps.SameAs(before)) return;
  }
}

void RegexWalk::ThroughValues(std::span<const std::string_view> values, Walk& walk) const {
  Walk all{.every = ~States{0}, .ends = true};
  for (const std::string_view value : values) {
    Walk one = walk;
    ThroughPiece(value, one);
    all.some |= one.some;
    all.every &= one.every;
    all.may_end = all.may_end || one.may_end;
    all.ends = all.ends && one.ends;
  }
  walk = all;
}

// Any number of bytes more, from `some`.
void RegexWalk::ThroughLongSlot(States some, States allowed, Walk& walk) const {
  walk.some |= some;
  for (States before = ~walk.some; before != walk.some;) {
    before = walk.some;
    walk.some |= automaton_.Next(walk.some) & allowed;
  }
  walk.every = 0;
  walk.may_end = walk.may_end || automaton_.Accepts(walk.some);
}

bool RegexWalk::EndsIn(std::string_view value, std::uint64_t states) const {
  for (const char byte : value) {
    states = automaton_.Step(states, byte);
    if (automaton_.Accepts(states)) return true;
  }
  return false;
}

}  // namespace cistern::filter
