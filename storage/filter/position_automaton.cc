#include "storage/filter/position_automaton.h"

#include <algorithm>

#include "storage/block_index.h"
#include "storage/filter/regex_parser.h"
#include "storage/words.h"

namespace cistern::filter {
namespace {

PositionAutomaton::States AnyOf(const std::array<PositionAutomaton::States, 8>& by_class,
                                std::uint8_t classes) {
  PositionAutomaton::States any = 0;
  for (unsigned left = classes; left != 0; left &= left - 1)
    any |= by_class[static_cast<std::size_t>(std::countr_zero(left))];
  return any;
}

}  // namespace

// Gives each byte that the tree takes a position, and notes what may follow what.
class AutomatonBuilder {
 public:
  std::optional<PositionAutomaton> Build(const RegexNode& node) {
    const Part whole = Add(node);
    if (failed_) return std::nullopt;
    automaton_.first_ = whole.first;
    automaton_.last_ = whole.last;
    automaton_.matches_empty_ = whole.empty;
    automaton_.Finish();
    return automaton_;
  }

 private:
  using States = PositionAutomaton::States;
  // Trees that repeat nothing very often would be walked for long.
  static constexpr int kMaxSteps = 4096;

  struct Part {
    States first = 0, last = 0;
    bool empty = true;  // may be passed without a byte
  };

  Part Add(const RegexNode& node);
  Part AddBytes(const RegexNode& node);
  Part AddRepeat(const RegexNode& node);
  void Follow(States from, States to) {
    for (; from != 0; from &= from - 1)
      automaton_.follow_[static_cast<std::size_t>(std::countr_zero(from))] |= to;
  }
  void Append(Part& sequence, const Part& part) {
    Follow(sequence.last, part.first);
    if (sequence.empty) sequence.first |= part.first;
    sequence.last = part.last | (part.empty ? sequence.last : 0);
    sequence.empty = sequence.empty && part.empty;
  }

  PositionAutomaton automaton_;
  std::size_t positions_ = 0;
  int steps_ = 0;
  bool failed_ = false;
};

AutomatonBuilder::Part AutomatonBuilder::Add(const RegexNode& node) {
  if (++steps_ > kMaxSteps) failed_ = true;
  if (failed_) return {};
  switch (node.kind) {
    case RegexNode::Kind::kBytes:
      return AddBytes(node);
    case RegexNode::Kind::kRepeat:
      return AddRepeat(node);
    case RegexNode::Kind::kSequence: {
      Part sequence;
      for (const RegexNode& part : node.parts) Append(sequence, Add(part));
      return sequence;
    }
    case RegexNode::Kind::kEither:
      break;
  }
  Part either{.empty = false};
  for (const RegexNode& part : node.parts) {
    const Part added = Add(part);
    either.first |= added.first;
    either.last |= added.last;
    either.empty = either.empty || added.empty;
  }
  return either;
}

AutomatonBuilder::Part AutomatonBuilder::AddBytes(const RegexNode& node) {
  if (positions_ == PositionAutomaton::kMaxPositions) {
    failed_ = true;
    return {};
  }
  const States bit = States{1} << positions_++;
  for (std::size_t byte = 0; byte < node.bytes.size(); ++byte)
    if (node.bytes[byte]) automaton_.enter_[byte] |= bit;
  return {bit, bit, false};
}

AutomatonBuilder::Part AutomatonBuilder::AddRepeat(const RegexNode& node) {
  const bool unlimited = node.max == RegexNode::kUnlimited;
  const unsigned copies = unlimited ? std::max(node.min, 1u) : node.max;
  Part sequence;
  for (unsigned i = 0; i < copies && !failed_; ++i) {
    Part copy = Add(node.parts[0]);
    if (unlimited && i + 1 == copies) Follow(copy.last, copy.first);
    if (i >= node.min) copy.empty = true;
    Append(sequence, copy);
  }
  return sequence;
}

void PositionAutomaton::Finish() {
  for (std::size_t i = 0; i < kMaxPositions; ++i) {
    const States self = States{1} << i, next = self << 1;
    if (follow_[i] & self) stay_ |= self;
    if (follow_[i] & next) shift_ |= self;
    if (follow_[i] & ~(self | next)) odd_ |= self;
  }
  every_.fill(~States{0});
  for (std::size_t byte = 0; byte < enter_.size(); ++byte) {
    const auto of =
        static_cast<std::size_t>(std::countr_zero<std::uint8_t>(SlotStamp::ClassOf(static_cast<char>(byte))));
    (IsWordByte(static_cast<char>(byte)) ? some_word_ : some_separator_)[of] |= enter_[byte];
    every_[of] &= enter_[byte];
  }
}

PositionAutomaton::States PositionAutomaton::SomeWordOf(std::uint8_t classes) const {
  return AnyOf(some_word_, classes);
}

PositionAutomaton::States PositionAutomaton::SomeSeparatorOf(std::uint8_t classes) const {
  return AnyOf(some_separator_, classes);
}

PositionAutomaton::States PositionAutomaton::EveryOf(std::uint8_t classes) const {
  States every = ~States{0};
  for (unsigned left = classes; left != 0; left &= left - 1)
    every &= every_[static_cast<std::size_t>(std::countr_zero(left))];
  return every;
}

std::optional<PositionAutomaton> PositionAutomaton::Compile(std::string_view pattern, bool ignore_case) {
  const std::optional<RegexNode> tree = ParseRegex(pattern, ignore_case);
  if (!tree) return std::nullopt;
  return AutomatonBuilder().Build(*tree);
}

}  // namespace cistern::filter
