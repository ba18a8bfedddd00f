// What can be said of a block's messages from their templates, without the rows.
//
// Exact or on the safe side: kNone and kAll are proven, kSome is always allowed. The proofs rest on three
// properties of templates (storage/block_index.h): a slot begins and ends at an edge of a word, so a word of
// the text lies in one piece or in one slot as a whole; a word with a digit lies in a slot; a slot's values
// keep within its stamp.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "storage/block_index.h"
#include "storage/filter/literal_finder.h"

namespace cistern::filter {

// The judging of one block by one filter: what its predicates share. Must not outlive the index.
class Judging {
 public:
  explicit Judging(BlockIndex& index) : index_(index) {}
  BlockIndex& index() { return index_; }
  std::span<const TextTemplate> templates() { return index_.Templates(); }
  // One entry a template: whether a piece may hold the literal. All zero is certain.
  void FindInPieces(const LiteralFinder& literal, std::vector<std::uint8_t>& found);

 private:
  bool FindEnds(std::string_view octets);
  void Join();

  BlockIndex& index_;
  // All pieces of all templates one behind the other, so that one search goes through them; those of the
  // index where it has such.
  std::string_view text_;
  std::string joined_;
  std::vector<std::size_t> ends_;  // of each template in text_
};

// How the rows of one template are decided.
struct RowPlan {
  enum class Kind : std::uint8_t {
    kNone,
    kAll,
    kSlots,  // TestSlot() tells, by the values of `slots`
    kText,   // the text is needed
  };
  struct Slot {
    std::uint8_t number = 0;
    std::uint64_t every = 0, some = 0;  // for TestSlot(): what every row, what some row brings along
  };
  Kind kind = Kind::kText;
  std::vector<Slot> slots;
};

class TemplateMatcher {
 public:
  virtual ~TemplateMatcher() = default;
  // Whether no message of the block matches, by the words it may hold.
  virtual bool RuledOut(BlockIndex& index) const = 0;
  // Sets one verdict a template.
  virtual void Judge(Judging& judging, std::span<Verdict> verdicts) const = 0;
  // For rows of a template with these pieces. `stamps` is empty or has one a slot.
  virtual RowPlan Plan(std::span<const std::string_view> pieces, std::span<const SlotStamp> stamps) const = 0;
  // What a value of a slot of a plan means for its row. One kAll: the row matches. All kNone: it does not.
  // Else its text is needed.
  virtual Verdict TestSlot(std::string_view value, const RowPlan::Slot& slot) const = 0;
};

}  // namespace cistern::filter
