#include "storage/filter/suggest.h"

#include <algorithm>
#include <vector>

#include "storage/words.h"

namespace cistern::filter {
namespace {

constexpr std::size_t kLongestName = 64;

// Optimal string alignment distance.
std::size_t Distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> before(b.size() + 1), last(b.size() + 1), now(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) last[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    now[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      now[j] = std::min({last[j] + 1, now[j - 1] + 1, last[j - 1] + (a[i - 1] != b[j - 1])});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
        now[j] = std::min(now[j], before[j - 2] + 1);
    }
    std::swap(before, last);
    std::swap(last, now);
  }
  return last[b.size()];
}

}  // namespace

std::optional<std::string_view> Nearest(std::string_view typed, std::span<const std::string_view> names) {
  if (typed.size() > kLongestName) return std::nullopt;
  std::optional<std::string_view> nearest;
  std::size_t least = kLongestName;
  for (std::string_view name : names) {
    const std::size_t distance = Distance(Folded(typed), name);
    const std::size_t allowed = std::max<std::size_t>(1, name.size() / 3);
    if (distance <= allowed && distance < least) {
      least = distance;
      nearest = name;
    }
  }
  return nearest;
}

std::string WithSuggestion(std::string what, std::string_view typed,
                           std::span<const std::string_view> names) {
  if (const auto near = Nearest(typed, names)) what += "; did you mean \"" + std::string(*near) + "\"?";
  return what;
}

}  // namespace cistern::filter
