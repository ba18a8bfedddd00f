// Which rows of a batch each detection sees.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "service/detect/running_rule.h"
#include "storage/batch_view.h"
#include "storage/block_index.h"
#include "storage/filter/filter_set.h"

namespace cistern::detect {

class RowChooser {
 public:
  using Rules = std::vector<std::unique_ptr<RunningRule>>;

  explicit RowChooser(std::span<const std::shared_ptr<const Plan>> plans);

  // `rules`: of the plans, in their order. Index and selection as in Detections::Feed().
  void Choose(const Rules& rules, BatchView& view, BlockIndex* index, const Selection* among);
  // By rule; ascending.
  const std::vector<std::vector<std::uint32_t>>& rows() const { return rows_; }
  // Nobody sees any.
  bool none() const;
  // At most about `most` rows of all rules together are before it; more than `begin`, `end` at most.
  std::size_t EndOf(std::size_t begin, std::size_t end, std::size_t most) const;

 private:
  void Merge(const Rules& rules);
  void LeaveOutOld(const Rules& rules, BatchView& view);
  void LeaveOutEvents(const Rules& rules, BatchView& view, BlockIndex* index);

  const FilterSet filters_;  // of the rules, then what else some of them see
  std::vector<std::vector<std::uint32_t>> rows_;
};

bool IsInternal(BatchView& view, std::size_t row);

}  // namespace cistern::detect
