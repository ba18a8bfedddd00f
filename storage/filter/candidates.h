// Rows that have what a filter needs, for many filters at once.
//
// Immutable, hence shared by threads; a call keeps its state on its stack.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "storage/filter/filter_needs.h"
#include "storage/filter/literal_set.h"

namespace cistern::filter {

class Candidates {
 public:
  using RowLists = std::vector<std::vector<std::uint32_t>>;

  // One entry a filter; null: it takes no part.
  explicit Candidates(const std::vector<const Needs*>& needs);

  // Adds to rows[i], which is empty, the rows of `among` (null: all) that have what filter i needs,
  // ascending. False: the literals could not be looked for, and the lists are not complete.
  bool Find(BatchView& view, const Selection* among, RowLists& rows) const;

 private:
  using FilterList = std::vector<std::uint32_t>;
  struct LiteralUse {
    std::uint32_t filter;
    bool word_before, word_behind;
  };
  struct Values {
    Column column;
    std::unordered_map<std::uint64_t, FilterList> filters;  // by hash of the folded value
  };
  struct Ints {
    Column column;
    std::array<FilterList, 256> filters;  // by value
  };
  struct Present {
    Column column;
    FilterList filters;
  };
  class Scan;

  void Add(std::uint32_t filter, const Need& need);
  std::uint32_t LiteralNumber(const std::string& text);
  bool FindLiterals(BatchView& view, const Selection* among, RowLists& rows) const;
  void FindValues(const Values& values, BatchView& view, const Selection* among, RowLists& rows) const;
  void FindInts(const Ints& ints, BatchView& view, const Selection* among, RowLists& rows) const;
  void FindNetworks(BatchView& view, const Selection* among, RowLists& rows) const;
  void FindTags(BatchView& view, const Selection* among, RowLists& rows) const;
  void FindPresent(const Present& present, BatchView& view, const Selection* among, RowLists& rows) const;

  std::vector<std::string> literals_;
  std::unordered_map<std::string, std::uint32_t> literal_numbers_;
  std::vector<std::vector<LiteralUse>> uses_;  // by literal
  std::unique_ptr<const LiteralSet> literal_set_;
  std::vector<Values> values_;
  std::vector<Ints> ints_;
  std::unordered_map<std::uint64_t, FilterList> tags_;  // by hash of name and folded value
  std::vector<Present> present_;
  std::vector<std::pair<IpNetwork, std::uint32_t>> networks_;
  FilterList mixed_;  // filters of several needs: their lists are put in order at the end
};

}  // namespace cistern::filter
