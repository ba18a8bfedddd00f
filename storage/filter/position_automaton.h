// A regular expression as positions: one for each byte it takes. A set of them is one integer.
//
// Understands bytes, classes, groups, alternatives and repetitions with at most 64 positions in all, but no
// assertions, no flags within the expression and nothing beyond ASCII. Immutable, hence shared by threads.
#pragma once

#include <array>
#include <bit>
#include <cstdint>
#include <optional>
#include <string_view>

namespace cistern::filter {

class PositionAutomaton {
 public:
  static constexpr std::size_t kMaxPositions = 64;
  using States = std::uint64_t;  // bit k: the k-th position took the last byte

  // Of an expression that RE2 takes, as it means it in Latin-1. Absent where something is not understood.
  static std::optional<PositionAutomaton> Compile(std::string_view pattern, bool ignore_case);

  // Then every text matches, and nothing below need be asked.
  bool matches_empty() const { return matches_empty_; }
  // One byte further; a match may begin at each.
  States Step(States from, char byte) const { return Next(from) & enter_[static_cast<std::uint8_t>(byte)]; }
  States Next(States from) const {
    States next = first_ | (from & shift_) << 1 | (from & stay_);
    for (States odd = from & odd_; odd != 0; odd &= odd - 1)
      next |= follow_[static_cast<std::size_t>(std::countr_zero(odd))];
    return next;
  }
  // A match ends here.
  bool Accepts(States states) const { return (states & last_) != 0; }
  // Positions that take some word byte, some separator, and every byte of the classes (as of SlotStamp).
  States SomeWordOf(std::uint8_t classes) const;
  States SomeSeparatorOf(std::uint8_t classes) const;
  States EveryOf(std::uint8_t classes) const;

 private:
  friend class AutomatonBuilder;
  PositionAutomaton() = default;
  // After all positions are there.
  void Finish();

  bool matches_empty_ = false;
  States first_ = 0, last_ = 0;
  States shift_ = 0, stay_ = 0;  // positions that the next one, and they themselves, may follow
  States odd_ = 0;               // those that others may follow
  std::array<States, kMaxPositions> follow_{};
  std::array<States, 256> enter_{};
  std::array<States, 8> some_word_{}, some_separator_{}, every_{};  // by class
};

}  // namespace cistern::filter
