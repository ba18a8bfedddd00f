#include "storage/block/row_orders.h"

#include <algorithm>
#include <numeric>

namespace cistern {
namespace {

constexpr std::int64_t kMaxCodes = 65536;

// Remembers a few values, as those of a column hardly differ.
struct Recent {
  std::int64_t value = 0;
  std::uint32_t rank = kNone;
  static constexpr std::uint32_t kNone = UINT32_MAX;
};
constexpr std::size_t kRecent = 64;
std::size_t PlaceOf(std::int64_t value) {
  return (static_cast<std::uint64_t>(value) * 0x9e3779b97f4a7c15u) >> 58;
}

std::vector<std::int64_t> Distinct(std::span<const std::int64_t> values) {
  Recent recent[kRecent];
  std::vector<std::int64_t> distinct;
  for (const std::int64_t value : values) {
    Recent& last = recent[PlaceOf(value)];
    if (last.value == value && last.rank == 0) continue;
    last = {value, 0};
    distinct.push_back(value);
  }
  std::sort(distinct.begin(), distinct.end());
  distinct.erase(std::unique(distinct.begin(), distinct.end()), distinct.end());
  return distinct;
}

}  // namespace

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
  std::vector<std::uint32_t> ranks(values.size());
  const auto [min, max] = std::minmax_element(values.begin(), values.end());
  if (values.empty() || (*min >= 0 && *max < kMaxCodes)) {  // they are ranks, or sort like them
    std::copy(values.begin(), values.end(), ranks.begin());
    return ranks;
  }
  const std::vector<std::int64_t> distinct = Distinct(values);
  Recent recent[kRecent];
  for (std::size_t i = 0; i < values.size(); ++i) {
    Recent& last = recent[PlaceOf(values[i])];
    if (last.value != values[i] || last.rank == Recent::kNone) {
      const auto found = std::lower_bound(distinct.begin(), distinct.end(), values[i]);
      last = {values[i], static_cast<std::uint32_t>(found - distinct.begin())};
    }
    ranks[i] = last.rank;
  }
  return ranks;
}

}  // namespace cistern
