// A compiled filter: a tree of predicates that narrow a selection of rows.
//
// Narrowing is the whole algebra: AND narrows by one part after the other, cheap ones first, so later parts
// see only the rows that are left; OR narrows a copy that lacks the rows already found; NOT takes away what
// its part keeps. Immutable, hence shared by threads.
#pragma once

#include <array>
#include <bitset>
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
};

class Predicate {
 public:
  virtual ~Predicate() = default;
  // Deselects the selected rows that do not match.
  virtual void Narrow(const Rows& rows) const = 0;
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

}  // namespace cistern::filter
