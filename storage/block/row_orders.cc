#include "storage/block/row_orders.h"

#include <algorithm>
#include <numeric>

namespace cistern {

void SortByCode(std::span<const std::uint32_t> code_of_row, std::vector<std::uint32_t>& rows) {
  if (code_of_row.empty()) return;
  std::vector<std::uint32_t> next(*std::max_element(code_of_row.begin(), code_of_row.end()) + std::size_t{2});
  for (const std::uint32_t code : code_of_row) ++next[code + std::size_t{1}];
  std::partial_sum(next.begin(), next.end(), next.begin());
  const std::vector<std::uint32_t> before = rows;
  for (const std::uint32_t row : before) rows[next[code_of_row[row]]++] = row;
}

std::vector<std::uint32_t> AllRows(std::size_t count) {
  std::vector<std::uint32_t> rows(count);
  std::iota(rows.begin(), rows.end(), 0u);
  return rows;
}

std::vector<std::uint32_t> RanksOf(std::span<const std::int64_t> values) {
  std::vector<std::int64_t> distinct;
  for (std::size_t i = 0; i < values.size(); ++i)
    if (i == 0 || values[i] != values[i - 1]) distinct.push_back(values[i]);
  std::sort(distinct.begin(), distinct.end());
  distinct.erase(std::unique(distinct.begin(), distinct.end()), distinct.end());
  std::vector<std::uint32_t> ranks(values.size());
  for (std::size_t i = 0; i < values.size(); ++i) {
    ranks[i] = i != 0 && values[i] == values[i - 1]
                   ? ranks[i - 1]
                   : static_cast<std::uint32_t>(
                         std::lower_bound(distinct.begin(), distinct.end(), values[i]) - distinct.begin());
  }
  return ranks;
}

}  // namespace cistern
