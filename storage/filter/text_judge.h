// Words and phrases over templates: follows the pattern through pieces and slots.
//
// Up to 64 elements are followed as a set of states in one integer: through a piece byte by byte, through a
// slot by asking which elements its stamp and the block's words admit. A longer pattern is judged by its
// words and pieces alone. Immutable, hence shared by threads.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "storage/filter/template_matcher.h"
#include "storage/filter/text_pattern.h"

namespace cistern::filter {

class TextJudge final : public TemplateMatcher {
 public:
  // At least one atom.
  explicit TextJudge(const Elements& elements);

  bool RuledOut(BlockIndex& index) const override;
  void Judge(Judging& judging, std::span<Verdict> verdicts) const override;
  RowPlan Plan(std::span<const std::string_view> pieces, std::span<const SlotStamp> stamps) const override;
  Verdict TestSlot(std::string_view value, const RowPlan::Slot&) const override {
    return pattern_.Matches(value) ? Verdict::kAll : Verdict::kNone;
  }

 private:
  using States = std::uint64_t;  // bit k: the k-th element that is no star matched last

  // A word of the pattern that a matching text holds as a whole word.
  struct Word {
    std::string folded;
    LiteralFinder finder;
    States states = 0;
    bool has_digit = false;
  };
  // Where a pattern can match in a template.
  struct Places {
    bool across = false;              // over the edge of a slot
    std::vector<std::uint8_t> slots;  // within these
  };

  void AddStates(const Text& atoms);
  void AddWords(const Elements& elements);
  void AddWord(const Text& atoms, std::size_t begin, std::size_t end, States states);
  void AddAddresses(const Text& atoms);
  // Whether a word with digits, or an address, does not occur.
  bool LacksDigits(BlockIndex& index) const;
  bool InOnePiece(std::span<const std::string_view> pieces) const;
  // Elements that no word denied by the block's filter holds.
  States Held(BlockIndex& index, const Word** denied) const;
  bool MayMatchInSlots(std::span<const std::string_view> pieces, std::span<const SlotStamp> stamps,
                       States held, Places* places) const;
  States ThroughPiece(std::string_view piece, States active) const;
  // The states behind a slot; `within`: the whole pattern may match in it; `across`: a match that began
  // before it may end in it.
  States ThroughSlot(const SlotStamp& stamp, States held, States active, bool& within, bool& across) const;
  States ThroughValues(std::span<const std::string_view> values, States active, bool& within,
                       bool& across) const;
  static States Flood(States from, States allowed, std::uint64_t steps);

  const TextPattern pattern_;
  const bool word_before_, word_behind_;
  std::optional<LiteralFinder> run_;  // the longest run of bytes
  std::vector<Word> words_;
  std::optional<Word> longest_;  // of those without digits: the one that most likely is nowhere
  std::vector<std::string> addresses_;
  std::size_t size_ = 0;   // elements that are no stars; beyond 64 the rest below is not used
  bool one_word_ = false;  // nothing but word bytes: matches within one piece or one slot
  std::array<States, 256> enter_{};
  std::array<States, SlotStamp::kAllClasses + 1>
      by_classes_{};  // elements that values of these classes can match
  States stay_separator_ = 0, stay_word_ = 0;
  States at_edge_ = 0;  // states in which the edge of a word may follow
  States accept_ = 0;
};

}  // namespace cistern::filter
