// A compiled filter: a tree of predicates that narrow a selection of rows.
//
// Narrowing is the whole algebra: AND narrows by one part after the other, cheap ones first, so later parts
// see only the rows that are left; OR narrows a copy that lacks the rows already found; NOT takes away what
// its part keeps. Immutable, hence shared by threads.
#pragma once

#include <algorithm>
#include <array>
#include <bitset>
#include <cstring>
#include <memory>
#include <vector>

#include "ingest/message/ip_address.h"
#include "ingest/parse/payload/payload.h"
#include "storage/filter/filter.h"
#include "storage/filter/matcher.h"

namespace cistern::filter {

// Rows [begin, end) of a view, and which of them are still selected.
struct Rows {
  BatchView& view;
  Selection& selected;
  std::size_t begin, end;
  BlockIndex* index = nullptr;  // of the view, where there is one
};

// What of an index may be asked.
enum class Ask : std::uint8_t { kValues, kValuesAndWords };

class Predicate {
 public:
  virtual ~Predicate() = default;
  // Deselects the selected rows that do not match.
  virtual void Narrow(const Rows& rows) const = 0;
  // On all rows of a block, without its templates. kSome where that says nothing.
  virtual Verdict JudgeBlock(BlockIndex&, Ask) const { return Verdict::kSome; }
  // Sets one verdict for each template of a block.
  virtual void Judge(Judging& judging, std::span<Verdict> verdicts) const {
    std::fill(verdicts.begin(), verdicts.end(), JudgeBlock(judging.index(), Ask::kValuesAndWords));
  }
  // Whether Judge() looks at templates.
  virtual bool judges_templates() const { return false; }
  // Relative to one integer comparison a row.
  virtual int cost() const = 0;
  // Tightens `bounds` by what every matching row fulfils.
  virtual void Tighten(FilterBounds&) const {}
};

using PredicatePtr = std::unique_ptr<const Predicate>;

// Values set in `allowed`, for columns of small integers.
using IntSet = std::bitset<256>;

// predicate_tree.cc. `parts` must not be empty.
PredicatePtr MakeAll();
PredicatePtr MakeAnd(std::vector<PredicatePtr> parts);
PredicatePtr MakeOr(std::vector<PredicatePtr> parts);
PredicatePtr MakeNot(PredicatePtr part);

// predicate_ints.cc. Bounds are inclusive.
PredicatePtr MakeIntRange(Column column, std::int64_t low, std::int64_t high);
PredicatePtr MakeIntSet(Column column, const IntSet& allowed);
// Rows whose value has a bit of `mask`.
PredicatePtr MakeIntMask(Column column, std::int64_t mask);

// predicate_strings.cc. Values of a dictionary are looked at once a batch.
PredicatePtr MakeStrings(Column column, MatcherPtr matcher);
PredicatePtr MakePeerNetwork(const IpNetwork& network);
// The printed address. Records without one do not match.
PredicatePtr MakePeerText(MatcherPtr matcher);
// Fields named `key` of the payload that `extract` finds in the message.
PredicatePtr MakePayload(Payload (*extract)(const Record&), std::string key, MatcherPtr matcher);

// predicate_messages.cc. The message column: by templates where the view has them.
PredicatePtr MakeMessages(MatcherPtr matcher);

// `test` is asked for the selected rows. Eight rows of which none is selected are passed at once.
template <class Test>
void ForEachSelected(const Rows& rows, const Test& test) {
  std::uint8_t* selected = rows.selected.data();
  for (std::size_t i = rows.begin; i < rows.end;) {
    std::uint64_t eight = 1;
    const std::size_t stop = std::min(i + sizeof eight, rows.end);
    if (stop - i == sizeof eight) std::memcpy(&eight, selected + i, sizeof eight);
    if (eight == 0) i = stop;
    for (; i < stop; ++i) {
      if (selected[i]) selected[i] = static_cast<std::uint8_t>(test(i));
    }
  }
}
// Keeps the rows whose value of `column` matches.
void NarrowStrings(const Rows& rows, Column column, const Matcher& matcher);

// The verdict on values with their numbers of rows, all of them: kSome when there are none.
template <class Values, class Test>
Verdict JudgeValues(const Values& values, const Test& test) {
  bool all = true, any = false;
  for (const auto& entry : values) {
    const bool match = test(entry.value);
    all = all && match;
    any = any || match;
  }
  return values.empty() ? Verdict::kSome : all ? Verdict::kAll : any ? Verdict::kSome : Verdict::kNone;
}

}  // namespace cistern::filter
