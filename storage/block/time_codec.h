// Message times, each as the difference to the received time in the coarsest unit that holds it exactly:
// a sender that writes whole seconds then costs almost nothing.
#pragma once

#include <array>
#include <cstdint>
#include <span>
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

// False when units and deltas do not fit together. `out` has as many rows as `units` and `received`.
bool DecodeTimes(std::span<const std::int64_t> units, std::span<const std::int64_t> deltas,
                 std::span<const std::int64_t> received, std::span<std::int64_t> out);

}  // namespace cistern
