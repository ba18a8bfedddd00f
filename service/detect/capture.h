// Takes what a detection needs out of the records that match it.
#pragma once

#include <span>
#include <vector>

#include "service/detect/item.h"
#include "service/detect/plan.h"
#include "storage/batch_view.h"

namespace cistern::detect {

// Longer values and keys are cut.
inline constexpr std::size_t kLongestValue = 1024;

// What the values of `by` are as one text: with commas between them, commas and backslashes in them behind a
// backslash.
std::string KeyOf(const Plan& plan, const Values& values);

// Fills `items`, one for each of `rows` (ascending); all but their times. `selected` has view.size() entries,
// all 0, and is left so.
void Capture(const Plan& plan, BatchView& view, BlockIndex* index, std::span<const std::uint32_t> rows,
             Selection& selected, std::vector<Item>& items);

}  // namespace cistern::detect
