// Where single rows stand when all are sorted by a code each, without sorting them: by counting codes. The
// nearer a row is to the last one of its code that was asked for, or to the end, the less there is to count.
//
// Threads: one at a time.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace cistern {

// How many of `codes` are `code`, or below it. Written so that compilers make vectors of it.
template <class Code, class Holds>
std::uint32_t CountCodes(std::span<const Code> codes, Holds holds) {
  constexpr std::size_t kStep = 64;
  std::uint32_t count = 0;
  std::size_t i = 0;
  for (; i + kStep <= codes.size(); i += kStep) {
    Code in_step = 0;
    for (std::size_t k = 0; k < kStep; ++k) in_step = static_cast<Code>(in_step + Code{holds(codes[i + k])});
    count += in_step;
  }
  for (; i < codes.size(); ++i) count += holds(codes[i]);
  return count;
}
template <class Code>
std::uint32_t CountEqual(std::span<const Code> codes, Code code) {
  return CountCodes(codes, [code](Code other) { return other == code; });
}
template <class Code>
std::uint32_t CountBelow(std::span<const Code> codes, Code code) {
  return CountCodes(codes, [code](Code other) { return other < code; });
}

template <class Code>
class CodeRanks {
 public:
  // `code_of_row` must outlive this.
  void Set(std::span<const Code> code_of_row) {
    codes_ = code_of_row;
    known_.clear();
  }
  // Which of the rows of its code the row is.
  std::uint32_t Position(std::size_t row) {
    Known& known = Find(codes_[row]);
    if (row >= known.row) {
      known.position += CountEqual(codes_.subspan(known.row, row - known.row), known.code);
    } else {
      known.position -= CountEqual(codes_.subspan(row, known.row - row), known.code);
    }
    known.row = row;
    return known.position;
  }
  // Its place when rows are sorted by code and equal ones keep their order.
  std::uint32_t Place(std::size_t row) {
    const std::uint32_t position = Position(row);
    Known& known = Find(codes_[row]);
    if (known.start == kUnknown) known.start = CountBelow(codes_, known.code);
    return known.start + position;
  }

 private:
  static constexpr std::uint32_t kUnknown = UINT32_MAX;
  struct Known {
    Code code{};
    std::size_t row = 0;                           // a row, and how many rows of the code stand before it
    std::uint32_t position = 0, start = kUnknown;  // start: rows of lower codes
  };
  Known& Find(Code code) {
    const auto found =
        std::find_if(known_.begin(), known_.end(), [code](const Known& known) { return known.code == code; });
    if (found != known_.end()) return *found;
    return known_.emplace_back(Known{code, codes_.size(), CountEqual(codes_, code)});
  }

  std::span<const Code> codes_;
  std::vector<Known> known_;
};

}  // namespace cistern
