// Many filters over one batch at once: a thousand cost little more than ten where few rows match.
//
// What a match needs is found for all filters together: literals of messages by one pass over their texts,
// equal values by a table, the rest column by column. Only rows that have what a filter needs are put to that
// filter itself, so the answer is the one that each filter alone would give. Cost is linear in the text,
// whatever the filters. Immutable, hence shared by threads; what a call needs of memory it gives back.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "storage/filter/filter.h"

namespace cistern {

class FilterSet {
 public:
  explicit FilterSet(std::vector<Filter> filters);

  std::size_t size() const;
  const Filter& filter(std::size_t i) const;

  // rows[i] becomes the rows that filter i matches, ascending; `rows` is resized to size() and its memory is
  // reused. Only rows of `among` are looked at, when it is given (view.size() entries, 0 or 1). `index` is
  // that of the view when it has one: then what it can decide is not looked at.
  void Match(BatchView& view, const Selection* among, BlockIndex* index,
             std::vector<std::vector<std::uint32_t>>& rows) const;

 private:
  struct Impl;
  std::shared_ptr<const Impl> impl_;
};

}  // namespace cistern
