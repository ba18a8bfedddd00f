// Rows sorted by a code each: all rows of code 0, in their order, then those of code 1 and so on.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace cistern {

class CodeOrder {
 public:
  // One counting pass. Every code is below `codes`.
  template <class Code>
  void Sort(std::span<const Code> code_of_row, std::size_t codes) {
    starts_.assign(codes + 1, 0);
    std::uint32_t* const counts = starts_.data() + 1;
    for (const Code code : code_of_row) ++counts[static_cast<std::size_t>(code)];
    Place(code_of_row);
  }
  // The same where it is known how many rows each code has.
  template <class Code, class Counts>
  void SortByCounts(std::span<const Code> code_of_row, const Counts& counts) {
    starts_.assign(1, 0);
    for (const std::uint32_t count : counts) starts_.push_back(count);
    Place(code_of_row);
  }
  // All rows, in order.
  std::span<const std::uint32_t> rows() const { return rows_; }
  // Those of one code.
  std::span<const std::uint32_t> RowsOf(std::size_t code) const {
    return std::span(rows_).subspan(starts_[code], starts_[code + 1] - starts_[code]);
  }
  // Which of the rows of its code each row is.
  std::span<const std::uint32_t> positions() const { return positions_; }

 private:
  // starts_[code + 1] is how many rows the code has.
  template <class Code>
  void Place(std::span<const Code> code_of_row) {
    for (std::size_t i = 1; i < starts_.size(); ++i) starts_[i] += starts_[i - 1];
    next_.assign(starts_.begin(), starts_.end() - 1);
    rows_.resize(code_of_row.size());
    positions_.resize(code_of_row.size());
    const std::uint32_t* const starts = starts_.data();
    std::uint32_t *const next = next_.data(), *const rows = rows_.data(),
                         *const positions = positions_.data();
    for (std::uint32_t row = 0; row < code_of_row.size(); ++row) {
      const auto code = static_cast<std::size_t>(code_of_row[row]);
      const std::uint32_t place = next[code]++;
      positions[row] = place - starts[code];
      rows[place] = row;
    }
  }

  std::vector<std::uint32_t> starts_, next_, rows_, positions_;
};

}  // namespace cistern
