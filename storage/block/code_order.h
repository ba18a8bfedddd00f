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
    for (std::size_t i = 1; i <= codes; ++i) starts_[i] += starts_[i - 1];
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
  // All rows, in order.
  std::span<const std::uint32_t> rows() const { return rows_; }
  // Those of one code.
  std::span<const std::uint32_t> RowsOf(std::size_t code) const {
    return std::span(rows_).subspan(starts_[code], starts_[code + 1] - starts_[code]);
  }
  // Which of the rows of its code each row is.
  std::span<const std::uint32_t> positions() const { return positions_; }

 private:
  std::vector<std::uint32_t> starts_, next_, rows_, positions_;
};

}  // namespace cistern
