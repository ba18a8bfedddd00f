#include "storage/filter/template_matcher.h"

#include <algorithm>

namespace cistern::filter {

void Judging::Join() {
  for (const TextTemplate& text : templates()) {
    for (std::string_view piece : text.pieces) {
      joined_ += piece;
      joined_ += '\n';
    }
    ends_.push_back(joined_.size());
  }
}

void Judging::FindInPieces(const LiteralFinder& literal, std::vector<std::uint8_t>& found) {
  if (ends_.empty()) Join();
  found.assign(ends_.size(), 0);
  std::size_t from = 0;
  for (;;) {
    const std::size_t at = literal.Find(joined_, from);
    if (at == std::string_view::npos) return;
    const auto end = std::upper_bound(ends_.begin(), ends_.end(), at);
    found[static_cast<std::size_t>(end - ends_.begin())] = 1;
    // One that began here and reached into the next template says nothing about the next.
    from = *end;
  }
}

}  // namespace cistern::filter
