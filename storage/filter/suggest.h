// "Did you mean": the known name nearest to what a user typed.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace cistern::filter {

// Nothing when no name is near (a third of its length, at least one edit; swapped neighbours count as one).
std::optional<std::string_view> Nearest(std::string_view typed, std::span<const std::string_view> names);

// `what`, and `; did you mean "name"?` when there is one.
std::string WithSuggestion(std::string what, std::string_view typed, std::span<const std::string_view> names);

}  // namespace cistern::filter
