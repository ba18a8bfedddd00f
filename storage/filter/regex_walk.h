// Follows a regular expression through pieces and slots of a template: what is certain for all its rows, and
// by which slots the others are decided.
//
// Two sets of states go along: those that some row may be in, and those that every row is in. Tested with the
// one, the value of a slot tells that no match ends in it; with the other, that one does. Immutable, hence
// shared by threads.
#pragma once

#include <span>
#include <string_view>

#include "storage/filter/position_automaton.h"
#include "storage/filter/template_matcher.h"

namespace cistern::filter {

class RegexWalk {
 public:
  explicit RegexWalk(const PositionAutomaton& automaton) : automaton_(automaton) {}
  // `stamps` is empty or has one a slot.
  RowPlan Plan(std::span<const std::string_view> pieces, std::span<const SlotStamp> stamps) const;
  // Whether a match ends within `value`, of a slot that is entered in these states.
  bool EndsIn(std::string_view value, std::uint64_t states) const;

 private:
  using States = PositionAutomaton::States;
  struct Walk {
    States some = 0, every = 0;  // that some row, that every row is in
    bool may_end = false;        // a match, in some row
    bool ends = false;           // in every row
  };
  void ThroughPiece(std::string_view piece, Walk& walk) const;
  class SomeSteps;
  void ThroughSlot(const SlotStamp& stamp, Walk& walk) const;
  void ThroughValues(std::span<const std::string_view> values, Walk& walk) const;
  void ThroughLongSlot(States some, States allowed, Walk& walk) const;

  const PositionAutomaton automaton_;
};

}  // namespace cistern::filter
