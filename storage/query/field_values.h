// Integers as filters and people write them.
#pragma once

#include <cstdint>
#include <functional>
#include <string_view>

#include "storage/batch_view.h"

namespace cistern::query {

// The values that one integer of `column` stands for: flags have one a bit that is set, an absent time none.
void IntFieldValues(Column column, std::int64_t value, const std::function<void(std::string_view)>& each);

}  // namespace cistern::query
