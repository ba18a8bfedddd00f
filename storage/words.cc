#include "storage/words.h"

#include <algorithm>

namespace cistern {

std::string Folded(std::string_view text) {
  std::string folded(text);
  std::transform(folded.begin(), folded.end(), folded.begin(), FoldByte);
  return folded;
}

bool EqualsFolded(std::string_view a, std::string_view b) {
  return a.size() == b.size() &&
         std::equal(a.begin(), a.end(), b.begin(), [](char x, char y) { return FoldByte(x) == FoldByte(y); });
}

bool FoldedAt(std::string_view text, std::size_t pos, std::string_view folded) {
  for (std::size_t i = 0; i < folded.size(); ++i) {
    if (FoldByte(text[pos + i]) != folded[i]) return false;
  }
  return true;
}

}  // namespace cistern
