#include "storage/filter/regex_walk.h"

#include <algorithm>

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

void RegexWalk::ThroughSlot(const SlotStamp& stamp, Walk& walk) const {
  const States allowed = automaton_.SomeOf(stamp.classes), certain = automaton_.EveryOf(stamp.classes);
  States some = walk.some, every = walk.every;
  walk.some = stamp.min_length == 0 ? some : 0;
  walk.every = stamp.min_length == 0 ? every : ~States{0};
  for (std::uint32_t length = 1; length <= stamp.max_length; ++length) {
    if (length > kMaxSteps) return ThroughLongSlot(some, allowed, walk);
    const States some_before = some, every_before = every;
    some = automaton_.Next(some) & allowed;
    every = automaton_.Next(every) & certain;
    walk.may_end = walk.may_end || automaton_.Accepts(some);
    walk.ends = walk.ends || (length <= stamp.min_length && automaton_.Accepts(every));
    if (length < stamp.min_length) continue;
    walk.some |= some;
    walk.every &= every;
    if (some == some_before && every == every_before) return;
  }
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
