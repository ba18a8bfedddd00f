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
  text_ = joined_;
}

// False when the pieces do not lie in these octets, template by template.
bool Judging::FindEnds(std::string_view octets) {
  std::size_t end = 0;
  for (const TextTemplate& text : templates()) {
    for (const std::string_view piece : text.pieces) {
      const auto at =
          reinterpret_cast<std::uintptr_t>(piece.data()) - reinterpret_cast<std::uintptr_t>(octets.data());
      if (at < end || at > octets.size() || piece.size() > octets.size() - at) return false;
      end = at + piece.size();
    }
    ends_.push_back(end);
  }
  text_ = octets;
  return true;
}

void Judging::FindInPieces(const LiteralFinder& literal, std::vector<std::uint8_t>& found) {
  if (ends_.empty()) {
    const std::optional<std::string_view> octets = index_.PieceOctets();
    if (!octets || !FindEnds(*octets)) {
      ends_.clear();
      Join();
    }
  }
  found.assign(ends_.size(), 0);
  std::size_t from = 0;
  for (;;) {
    const std::size_t at = literal.Find(text_, from);
    if (at == std::string_view::npos) return;
    const auto end = std::upper_bound(ends_.begin(), ends_.end(), at);
    if (end == ends_.end()) return;
    found[static_cast<std::size_t>(end - ends_.begin())] = 1;
    // One that began here and reached into the next template says nothing about the next.
    from = *end;
  }
}

}  // namespace cistern::filter
