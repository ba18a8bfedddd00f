// Finds what somebody probably meant to type.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace cistern {

// The candidate nearest to `text` by edit distance (swapped neighbours count once), or empty when none is
// near.
std::string Suggest(std::string_view text, std::span<const std::string> candidates);

}  // namespace cistern
