// Message times, each as the difference to the received time in the coarsest unit that holds it exactly:
// a sender that writes whole seconds then costs almost nothing.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace cistern {

inline constexpr std::array<std::int64_t, 5> kTimeUnits = {0, 1'000'000'000, 1'000'000, 1'000, 1};

class TimeColumn {
 public:
  void Clear();
  void Add(std::int64_t time, std::int64_t received);
  // One a row: index into kTimeUnits; 0 for a record without time.
  std::span<const std::int64_t> units() const { return units_; }
  // One a row that has a time: how the difference changed since the last row of the same unit.
  std::span<const std::int64_t> deltas() const { return deltas_; }

 private:
  void CountReceived(std::int64_t received);

  std::vector<std::int64_t> units_, deltas_;
  std::array<std::int64_t, kTimeUnits.size()> previous_{};
  std::array<std::int64_t, kTimeUnits.size()> in_units_{};  // received_ in each unit
  std::int64_t received_ = 0;
};

// The times of single rows. Threads: one at a time.
class StoredTimes {
 public:
  // `units`: one a row, each an index into kTimeUnits. `deltas`: signed varints; must outlive this.
  void Open(std::vector<std::uint8_t> units, std::string_view deltas);
  // False when there are too few deltas.
  bool Get(std::size_t row, std::int64_t received, std::int64_t& time);

 private:
  struct Mark {
    std::size_t offset = 0;  // in deltas_
    std::array<std::int64_t, kTimeUnits.size()> sums{};
  };
  bool Walk(Mark& mark, std::size_t begin, std::size_t end) const;

  std::vector<std::uint8_t> units_;
  std::string_view deltas_;
  std::vector<Mark> marks_;  // what stands before some of the rows
};

// False when units and deltas do not fit together. `out` has as many rows as `units` and `received`.
bool DecodeTimes(std::span<const std::int64_t> units, std::span<const std::int64_t> deltas,
                 std::span<const std::int64_t> received, std::span<std::int64_t> out);

}  // namespace cistern
