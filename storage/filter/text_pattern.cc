#include "storage/filter/text_pattern.h"

#include <algorithm>
#include <string>

#include "storage/words.h"

namespace cistern::filter {
namespace {

using Kind = Atom::Kind;

// Without blanks at the ends, and without repeated blanks and stars.
Text Normalised(const Text& text) {
  Text result;
  for (const Atom& atom : text) {
    const bool repeats = !result.empty() && result.back().kind == atom.kind &&
                         (atom.kind == Kind::kBlank || atom.kind == Kind::kStar);
    const bool leading = result.empty() && atom.kind == Kind::kBlank;
    if (!repeats && !leading) result.push_back(atom);
  }
  while (!result.empty() && result.back().kind == Kind::kBlank) result.pop_back();
  return result;
}

}  // namespace

bool IsWordAtom(const Atom& atom) {
  return atom.kind == Kind::kAny || (atom.kind == Kind::kByte && IsWordByte(atom.byte));
}

std::string LongestRun(const Text& atoms) {
  std::string longest, run;
  for (const Atom& atom : atoms) {
    if (atom.kind == Kind::kByte) {
      run.push_back(atom.byte);
    } else {
      run.clear();
    }
    if (run.size() > longest.size()) longest = run;
  }
  return longest;
}

Elements ElementsOf(const Text& written) {
  Text text = Normalised(written);
  const bool open_start = !text.empty() && text.front().kind == Kind::kStar;
  const bool open_end = !text.empty() && text.back().kind == Kind::kStar;
  if (open_start) text.erase(text.begin());
  if (open_end && !text.empty()) text.pop_back();
  const bool word_before = !text.empty() && !open_start && IsWordAtom(text.front());
  const bool word_behind = !text.empty() && !open_end && IsWordAtom(text.back());
  return {std::move(text), word_before, word_behind};
}

TextPattern::TextPattern(const Elements& elements)
    : word_before_(elements.word_before), word_behind_(elements.word_behind) {
  const std::string run = LongestRun(elements.atoms);
  if (!run.empty()) finder_.emplace(run);
  if (run.size() != elements.atoms.size()) BuildAutomaton(elements.atoms);
}

void TextPattern::BuildAutomaton(const Text& text) {
  states_ = static_cast<std::size_t>(
      std::count_if(text.begin(), text.end(), [](const Atom& atom) { return atom.kind != Kind::kStar; }));
  width_ = (states_ + 63) / 64;
  enter_.assign(256 * width_, 0);
  stay_[0].assign(width_, 0);
  stay_[1].assign(width_, 0);
  std::size_t state = 0;
  for (const Atom& atom : text) {
    if (atom.kind == Kind::kStar) {
      stay_[1][(state - 1) / 64] |= std::uint64_t{1} << ((state - 1) % 64);
    } else {
      AddState(state++, atom);
    }
  }
}

void TextPattern::AddState(std::size_t state, const Atom& atom) {
  const std::uint64_t bit = std::uint64_t{1} << (state % 64);
  if (atom.kind == Kind::kBlank) stay_[0][state / 64] |= bit;
  for (int byte = 0; byte < 256; ++byte) {
    const char c = static_cast<char>(byte);
    const bool enters = atom.kind == Kind::kByte    ? FoldByte(c) == FoldByte(atom.byte)
                        : atom.kind == Kind::kBlank ? !IsWordByte(c)
                                                    : IsWordByte(c);
    if (enters) enter_[static_cast<std::size_t>(byte) * width_ + state / 64] |= bit;
  }
}

bool TextPattern::Matches(std::string_view text) const {
  if (is_literal()) return MatchesLiteral(text);
  if (finder_ && finder_->Find(text, 0) == std::string_view::npos) return false;
  return RunAutomaton(text);
}

bool TextPattern::MatchesLiteral(std::string_view text) const {
  if (!finder_) return true;
  for (std::size_t from = 0;; ++from) {
    from = finder_->Find(text, from);
    if (from == std::string_view::npos) return false;
    if ((!word_before_ || IsWordEdge(text, from)) &&
        (!word_behind_ || IsWordEdge(text, from + finder_->size())))
      return true;
  }
}

bool TextPattern::RunAutomaton(std::string_view text) const {
  std::vector<std::uint64_t> heap;
  std::uint64_t few[4] = {};
  std::uint64_t* active = few;
  if (width_ > std::size(few)) {
    heap.assign(width_, 0);
    active = heap.data();
  }
  const std::uint64_t accept = std::uint64_t{1} << ((states_ - 1) % 64);
  for (std::size_t i = 0; i < text.size(); ++i) {
    const std::uint64_t* enter = &enter_[static_cast<std::uint8_t>(text[i]) * width_];
    const std::uint64_t* stay = stay_[IsWordByte(text[i])].data();
    std::uint64_t carry = !word_before_ || IsWordEdge(text, i);
    for (std::size_t w = 0; w < width_; ++w) {
      const std::uint64_t before = active[w];
      active[w] = (((before << 1) | carry) & enter[w]) | (before & stay[w]);
      carry = before >> 63;
    }
    if ((active[width_ - 1] & accept) && (!word_behind_ || IsWordEdge(text, i + 1))) return true;
  }
  return false;
}

}  // namespace cistern::filter
