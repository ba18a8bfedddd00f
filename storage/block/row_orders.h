// The orders in which a version 2 blob writes the rows of its columns: what belongs together lies together.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "storage/block/header.h"

namespace cistern {

// Sorts `rows` by a code each, keeping the order of equal ones. `code_of_row`: empty means all equal.
void SortByCode(std::span<const std::uint32_t> code_of_row, std::vector<std::uint32_t>& rows);

// 0, 1 ... count − 1.
std::vector<std::uint32_t> AllRows(std::size_t count);

// Small codes that sort as the values do.
std::vector<std::uint32_t> RanksOf(std::span<const std::int64_t> values);

}  // namespace cistern
